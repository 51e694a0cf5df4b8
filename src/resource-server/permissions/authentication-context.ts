import { InsufficientUserAuthenticationError } from '../../core/errors.js';
import { knownOptions, listOption, optionPath, refuseOption, wholeNumberOption } from '../../core/options/index.js';
import { isScopeName } from '../../core/scopes.js';
import { schemeOf } from '../../core/verified-token.js';
import type { RequestAccess } from '../request-access.js';
import { type AccessRule, allOfRules, RULE, tokenRule } from './access-rule.js';
import type { Permission } from './permission.js';

/** How a user must have been authenticated; at least one of the two is given. */
export interface AuthenticationContextRequirement {
  /** The authentication contexts that are enough (`acr`), any of them. */
  readonly acr?: readonly string[] | undefined;
  /** How long ago the user may have been authenticated (`auth_time`), in seconds. */
  readonly maxAgeSeconds?: number | undefined;
}

const NAME = 'authenticationContext';

/** A time to come is no past authentication, but for clocks that differ. */
const CLOCK_TOLERANCE_MILLISECONDS = 60_000;

/**
 * Asks for a stronger or more recent authentication of the user (step-up, RFC 9470): the token must say `acr` and
 * `auth_time` that are enough. Who has another token, or one that does not say them, is answered with 401
 * `insufficient_user_authentication` and what to ask the authorization server for.
 *
 * Scopes beside it come first: who lacks those is not sent to sign in again for nothing.
 *
 * @throws ConfigurationError if it asks for nothing, or an `acr` cannot stand in a challenge
 *
 * @example
 * ```ts
 * import { Authorized, JsonController, Post } from 'routing-controllers';
 * import { authenticationContext } from 'routing-controllers-oauth2';
 *
 * @JsonController()
 * export class PaymentController {
 *   @Authorized(['payments', authenticationContext({ acr: ['urn:example:otp'], maxAgeSeconds: 300 })])
 *   @Post('/payments')
 *   pay(): void {}
 * }
 * ```
 */
export function authenticationContext(requirement: AuthenticationContextRequirement): Permission {
  const { acr, maxAgeSeconds } = knownOptions<AuthenticationContextRequirement>(NAME, requirement, [
    'acr',
    'maxAgeSeconds',
  ]);
  if (acr === undefined && maxAgeSeconds === undefined) {
    refuseOption(NAME, requirement, 'ask for acr, for maxAgeSeconds, or for both');
  }
  if (maxAgeSeconds !== undefined) wholeNumberOption(optionPath(NAME, 'maxAgeSeconds'), maxAgeSeconds, { least: 1 });
  return new AuthenticationContext(acr === undefined ? undefined : readAcr(acr), maxAgeSeconds);
}

/** They stand in one text with spaces between them, as scopes do. */
function readAcr(given: unknown): readonly string[] {
  const path = optionPath(NAME, 'acr');
  const fix = "give a list of names without spaces, e.g. ['urn:example:otp']";
  const list = listOption(path, given, fix);
  if (list.length === 0) refuseOption(path, list, fix);
  list.forEach((one, index) => {
    if (!isScopeName(one)) refuseOption(optionPath(path, index), one, fix);
  });
  return Object.freeze([...(list as readonly string[])]);
}

class AuthenticationContext implements Permission {
  constructor(
    private readonly acr: readonly string[] | undefined,
    private readonly maxAgeSeconds: number | undefined,
  ) {}

  hasPermission(access: RequestAccess): boolean {
    // Nobody is there: asked for credentials first.
    if (!access.isAuthenticated) return false;
    const { token } = access;
    const isStrong = this.acr === undefined || (token?.acr !== undefined && this.acr.includes(token.acr));
    if (isStrong && this.isRecent(access)) return true;
    throw new InsufficientUserAuthenticationError({
      ...(token !== undefined && { scheme: schemeOf(token) }),
      ...(this.acr !== undefined && { acrValues: this.acr }),
      ...(this.maxAgeSeconds !== undefined && { maxAgeSeconds: this.maxAgeSeconds }),
      permission: NAME,
    });
  }

  describe(): string {
    const parts = [
      ...(this.acr === undefined ? [] : [`acr ${this.acr.join(' or ')}`]),
      ...(this.maxAgeSeconds === undefined ? [] : [`at most ${this.maxAgeSeconds} s ago`]),
    ];
    return `${NAME}(${parts.join(', ')})`;
  }

  /** Nothing but a token says how its user was authenticated. */
  [RULE](): AccessRule {
    const { acr, maxAgeSeconds } = this;
    return allOfRules([tokenRule([]), Object.freeze({ kind: 'authenticationContext', acr, maxAgeSeconds })]);
  }

  private isRecent(access: RequestAccess): boolean {
    if (this.maxAgeSeconds === undefined) return true;
    const authenticatedAtMilliseconds = access.token?.authenticatedAtMilliseconds;
    if (authenticatedAtMilliseconds === undefined) return false;
    const age = access.nowMilliseconds() - authenticatedAtMilliseconds;
    return age >= -CLOCK_TOLERANCE_MILLISECONDS && age <= this.maxAgeSeconds * 1000;
  }
}
