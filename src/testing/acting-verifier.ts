import type { Logger } from '../core/logger.js';
import { after } from '../core/promises.js';
import type { TokenForm, TokenKind } from '../core/token-form.js';
import { generateTokenValue } from '../core/token-value.js';
import type { UserStore } from '../core/users.js';
import {
  activeVerification,
  EXPIRED,
  INVALID,
  isTokenExpired,
  type TokenDetails,
  type Verification,
  verifiedToken,
} from '../core/verified-token.js';
import { admit } from '../resource-server/verifiers/admission.js';
import type { ChainedVerifier } from '../resource-server/verifiers/verifier.js';
import { isProduction } from './only-in-tests.js';

/** What a token of a test stands for. */
interface ActedToken {
  readonly details: TokenDetails;
  /** The host's user, if the test gave one; `undefined`: it is found by the token. */
  readonly user: unknown;
}

/** What the verifier depends on. */
export interface ActingDependencies {
  readonly users: UserStore | undefined;
  readonly clock: { nowMilliseconds(): number };
  readonly logger: Logger;
}

/**
 * Knows the tokens that tests have made up, in the memory of this process: nobody can guess one, no other process knows it,
 * and it ends with the process.
 */
export class ActingVerifier implements ChainedVerifier {
  readonly name = 'actingAs()';
  readonly isOwn = false;
  readonly kinds: readonly TokenKind[] = ['opaque'];
  readonly exhausts: readonly TokenKind[] = [];
  readonly policy = 'tests';
  readonly isShared = false;
  private readonly tokens = new Map<string, ActedToken>();

  constructor(private readonly dependencies: ActingDependencies) {}

  /**
   * Makes a token up.
   *
   * @param describe what it stands for
   */
  add(describe: (token: string) => ActedToken): string {
    const token = generateTokenValue();
    this.tokens.set(token, describe(token));
    return token;
  }

  accepts({ token }: TokenForm): boolean {
    return this.tokens.has(token);
  }

  verify(token: string): Verification | Promise<Verification> {
    const { clock, users } = this.dependencies;
    const acted = this.tokens.get(token);
    if (acted === undefined || isProduction()) return INVALID;
    const { details, user } = acted;
    if (isTokenExpired(details, clock.nowMilliseconds())) return EXPIRED;
    if (user !== undefined) return activeVerification(verifiedToken(details), user);
    return after(admit(details, users), (answer) => this.told(answer, details));
  }

  /** A caller is not told why, so whoever writes the test is told here. */
  private told(answer: Verification, { userId }: TokenDetails): Verification {
    if (answer.status !== 'active') {
      this.dependencies.logger.warn(
        `actingAs: the option users has no active user ${JSON.stringify(userId)}; give the user object to act as one that is not stored.`,
      );
    }
    return answer;
  }
}
