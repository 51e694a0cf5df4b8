import { ConfigurationError } from '../core/errors.js';
import type { PrepareRate } from './applied-rate.js';
import { createPolicy, type InlinePolicy, type Policy, type PolicyOptions } from './policy.js';

/** The policies by name; no two of one name, however it is spelled. */
export class PolicyBook {
  readonly #declared = new Map<string, Policy>();
  readonly #inline = new Map<string, Policy>();
  readonly #spellings = new Map<string, string>();
  readonly #prepare: PrepareRate;

  /** @param prepare asks the engine whether it can count a rate */
  constructor(prepare: PrepareRate) {
    this.#prepare = prepare;
  }

  declaredNames(): readonly string[] {
    return Object.freeze([...this.#declared.keys()]);
  }

  declare(name: string, declared: string | null | PolicyOptions): void {
    this.#spell(name, 'throttling.policies');
    this.#declared.set(name, createPolicy(name, declared, this.#prepare));
  }

  find(name: unknown, where: string): Policy {
    const policy = typeof name === 'string' ? this.#declared.get(name) : undefined;
    if (policy !== undefined) return policy;
    const known = [...this.#declared.keys()].join(', ') || 'none';
    throw new ConfigurationError(
      `${where}: ${JSON.stringify(name) ?? String(name)} is not a throttling policy; declare it in throttling.policies (declared: ${known}).`,
    );
  }

  inline(declared: InlinePolicy, where: string): Policy {
    const { name } = declared ?? {};
    if (typeof name !== 'string') {
      throw new ConfigurationError(`${where}: give the name of a policy, or an object with a name and a rate.`);
    }
    const known = this.#inline.get(name);
    if (known !== undefined && sameOptions(known.options as InlinePolicy, declared)) return known;
    if (known !== undefined || this.#declared.has(name)) {
      throw new ConfigurationError(
        `${where}: there is another throttling policy ${JSON.stringify(name)}; give this one a name of its own.`,
      );
    }
    this.#spell(name, where);
    const policy = createPolicy(name, declared, this.#prepare);
    this.#inline.set(name, policy);
    return policy;
  }

  #spell(name: string, where: string): void {
    const folded = name.toLowerCase();
    const other = this.#spellings.get(folded);
    if (other !== undefined && other !== name) {
      throw new ConfigurationError(
        `${where}: the policies ${JSON.stringify(other)} and ${JSON.stringify(name)} differ in case only; rename one.`,
      );
    }
    this.#spellings.set(folded, name);
  }
}

function sameOptions(left: InlinePolicy, right: InlinePolicy): boolean {
  return (
    left === right ||
    (left.subject === right.subject &&
      left.algorithm === right.algorithm &&
      left.cost === right.cost &&
      (left.rate === right.rate || (Array.isArray(left.rate) && String(left.rate) === String(right.rate))))
  );
}
