import { sha256Key } from '../../core/digest.js';
import { objectWith, optionPath, refuseOption } from '../../core/options/index.js';
import { formOf, type TokenForm, type TokenKind } from '../../core/token-form.js';
import { INVALID, type Verification } from '../../core/verified-token.js';
import { hostVerifier } from './host-verifier.js';
import {
  type ChainedVerifier,
  isVerifierFactory,
  type TokenVerifier,
  VERIFIER,
  type VerifierDependencies,
  type VerifierFactory,
} from './verifier.js';

/** An entry of the option `verifiers`. */
export type VerifierLike = VerifierFactory | TokenVerifier;

/** The verifiers in order. A token is offered to only one of them: the first that accepts its form. */
export class VerifierChain {
  /** Identifies all policies in their order; processes with different ones do not read each other's answers. */
  readonly policy: string;

  constructor(public verifiers: readonly ChainedVerifier[]) {
    const [first, ...others] = verifiers;
    // The policy of a single verifier is used unchanged, so that cache keys stay readable.
    this.policy =
      first !== undefined && others.length === 0
        ? first.policy
        : `chain ${sha256Key(JSON.stringify(verifiers.map(({ name, policy }) => [name, policy])))}`;
  }

  /**
   * The verifier of a token; `undefined` if there is none, or if the token is forged as its form shows, and then it is
   * invalid. Synchronous, and never throws.
   */
  select(token: string): ChainedVerifier | undefined {
    const form = formOf(token);
    const verifier = this.taking(form);
    return verifier?.isForged?.(form) === true ? undefined : verifier;
  }

  /** The verifier to which tokens of this form are offered, if they are not forged. */
  taking(form: TokenForm): ChainedVerifier | undefined {
    for (const verifier of this.verifiers) if (verifier.accepts(form)) return verifier;
    return undefined;
  }

  /** Puts a verifier before the others, in a process that runs tests. Its answers are not to be shared. */
  prepend(verifier: ChainedVerifier): void {
    this.verifiers = [verifier, ...this.verifiers];
  }

  verify(token: string, key: string): Verification | Promise<Verification> {
    return this.select(token)?.verify(token, key) ?? INVALID;
  }

  /** Resolves when each verifier is ready, or could not become so; never rejects. */
  async ready(): Promise<void> {
    await Promise.all(this.verifiers.map((verifier) => verifier.ready?.()));
  }

  async close(): Promise<void> {
    await Promise.all(this.verifiers.map((verifier) => verifier.close?.()));
  }
}

/**
 * Creates the verifiers of the option `verifiers`.
 *
 * @throws ConfigurationError if an entry is invalid or could never be used: it comes after one that takes all its
 *   tokens, or another one takes those of the same issuer
 */
export function createVerifierChain(
  list: readonly VerifierLike[],
  dependencies: Omit<VerifierDependencies, 'path'>,
): VerifierChain {
  const made: ChainedVerifier[] = [];
  const taken = new Map<TokenKind, string>();
  const issuers = new Map<string, string>();
  list.forEach((one, index) => {
    const path = optionPath('verifiers', index);
    const verifier = isVerifierFactory(one)
      ? one[VERIFIER]({ ...dependencies, path })
      : hostVerifier(one, dependencies.users);
    refuseUnreachable(path, verifier, taken, issuers);
    for (const kind of verifier.exhausts) taken.set(kind, verifier.name);
    if (verifier.issuer !== undefined) issuers.set(verifier.issuer, verifier.name);
    made.push(verifier);
  });
  return new VerifierChain(made);
}

/**
 * Checks the entries as far as possible before anything is created.
 *
 * @throws ConfigurationError
 */
export function checkVerifiers(path: string, list: unknown): void {
  const fix = 'give a list such as [databaseTokens()]';
  if (!Array.isArray(list) || list.length === 0) refuseOption(path, list, fix);
  (list as readonly unknown[]).forEach((one, index) => {
    if (isVerifierFactory(one)) return;
    const at = optionPath(path, index);
    objectWith(
      at,
      one,
      ['verify'],
      'give databaseTokens(), jwtTokens({ … }), introspectedTokens({ … }) or an object with verify(token)',
    );
  });
}

function refuseUnreachable(
  path: string,
  { name, kinds, issuer }: ChainedVerifier,
  taken: ReadonlyMap<TokenKind, string>,
  issuers: ReadonlyMap<string, string>,
): void {
  const [before] = kinds.map((kind) => taken.get(kind));
  if (kinds.every((kind) => taken.has(kind))) {
    refuseOption(path, name, `it would never be asked, since ${before} takes all its tokens; put it before that`);
  }
  const same = issuer === undefined ? undefined : issuers.get(issuer);
  if (same !== undefined) {
    refuseOption(path, name, `${same} takes the tokens of the issuer ${issuer} already; leave one of them out`);
  }
}
