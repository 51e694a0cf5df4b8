import type { PolicyTallies } from '../core/observation/policy-tally.js';
import { describeName, hostPath, refuseOption, suggestion } from '../core/options/index.js';
import type { PrepareRate } from './compiled-rate.js';
import { createPolicy, type InlinePolicy, type Policy, type PolicyOptions } from './policy.js';

/** The policies by name. No two names differ only in case. */
export class PolicyRegistry {
  private readonly declared = new Map<string, Policy>();
  private readonly inlinePolicies = new Map<string, Policy>();
  private readonly spellings = new Map<string, string>();
  private readonly prepare: PrepareRate;
  private readonly tallies: PolicyTallies;

  /**
   * @param prepare checks whether the engine can count a rate
   * @param tallies count by policy
   */
  constructor(prepare: PrepareRate, tallies: PolicyTallies) {
    this.prepare = prepare;
    this.tallies = tallies;
  }

  declaredNames(): readonly string[] {
    return Object.freeze([...this.declared.keys()]);
  }

  declare(name: string, declared: string | null | PolicyOptions): void {
    const path = hostPath('throttling.policies', name);
    this.spell(name, path);
    this.declared.set(name, createPolicy(this.tallies.of(name), declared, this.prepare, path));
  }

  find(name: unknown, path: string): Policy {
    const policy = typeof name === 'string' ? this.declared.get(name) : undefined;
    if (policy !== undefined) return policy;
    const known = [...this.declared.keys()];
    const question = typeof name === 'string' ? suggestion(name, known, (meant) => describeName(meant, known)) : '';
    const list = known.map((one) => describeName(one)).join(', ') || 'none';
    refuseOption(
      path,
      name,
      `there is no such throttling policy${question === '' ? '' : `, ${question}`}; declare it in throttling.policies (declared: ${list})`,
      { near: known, name: true },
    );
  }

  inline(declared: InlinePolicy, path: string): Policy {
    const { name } = declared ?? {};
    if (typeof name !== 'string') {
      refuseOption(path, declared, 'give the name of a policy, or an object with a name and a rate');
    }
    const at = `${path} (policy ${describeName(name)})`;
    const known = this.inlinePolicies.get(name);
    if (known !== undefined && sameOptions(known.options as InlinePolicy, declared)) return known;
    if (known !== undefined || this.declared.has(name)) {
      refuseOption(at, declared, 'another throttling policy has this name; choose a different one');
    }
    this.spell(name, at);
    const policy = createPolicy(this.tallies.of(name), declared, this.prepare, at);
    this.inlinePolicies.set(name, policy);
    return policy;
  }

  private spell(name: string, path: string): void {
    const folded = name.toLowerCase();
    const other = this.spellings.get(folded);
    if (other !== undefined && other !== name) {
      refuseOption(path, name, `it differs from the policy ${describeName(other)} only in case; rename one`);
    }
    this.spellings.set(folded, name);
  }
}

function sameOptions(left: InlinePolicy, right: InlinePolicy): boolean {
  return (
    left === right ||
    (left.subject === right.subject &&
      left.algorithm === right.algorithm &&
      left.cost === right.cost &&
      left.countWhen === right.countWhen &&
      (left.rate === right.rate || (Array.isArray(left.rate) && String(left.rate) === String(right.rate))))
  );
}
