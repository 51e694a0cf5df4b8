import type { FailureBudget } from '../core/failure-budget.js';
import type { UserStore } from '../core/users.js';
import { AUTHENTICATOR, bearer, isFactory, type OAuth2Options } from '../options.js';
import type { Authenticator } from '../resource-server/authentication/authenticator.js';
import { BadTokens } from '../resource-server/authentication/bad-tokens.js';
import { BearerAuthenticator, type BearerDependencies } from '../resource-server/authentication/bearer.js';
import { LookUpAdmission } from '../resource-server/authentication/look-up-admission.js';
import { SessionAuthenticator } from '../resource-server/authentication/session.js';
import { tellingOutages } from '../storage/host-outages.js';
import type { Basis } from './basis.js';
import type { TokenVerification } from './token-verification.js';

/** Who says who makes a request. */
export interface Authenticators {
  readonly authenticators: readonly Authenticator[];
  readonly admission: LookUpAdmission;
  readonly badTokens: BadTokens;
}

/** Makes the authenticators that the options name, `bearer()` by default. */
export function composeAuthenticators(
  options: OAuth2Options,
  { clock, logger, address }: Basis,
  verification: TokenVerification,
  failures: FailureBudget,
): Authenticators {
  const badTokens = new BadTokens(logger, clock);
  const admission = new LookUpAdmission(failures, badTokens);
  const dependencies: BearerDependencies = { ...verification, admission, address };
  const authenticators = (options.authenticators ?? [bearer()]).map((one) => authenticator(one, dependencies, options));
  return { authenticators, admission, badTokens };
}

function authenticator(
  one: NonNullable<OAuth2Options['authenticators']>[number],
  dependencies: BearerDependencies,
  options: OAuth2Options,
): Authenticator {
  if (!isFactory(one)) return tellingAuthenticator(one);
  if (one[AUTHENTICATOR] === 'bearer') return new BearerAuthenticator(dependencies, one.options);
  // That a session has users to name was checked with the options.
  return new SessionAuthenticator(options.users as UserStore, one.options);
}

/** An authenticator of the host's own may ask what can be away, as its user store may. */
function tellingAuthenticator(one: Authenticator): Authenticator {
  // Every member is named, so that none is forgotten that is added later.
  const told: { readonly [Name in keyof Required<Authenticator>]: Authenticator[Name] } = {
    authenticate: tellingOutages('An authenticator', one.authenticate.bind(one)),
    ambient: one.ambient,
    reads: one.reads,
    challenge: one.challenge?.bind(one),
    needsBody: one.needsBody?.bind(one),
  };
  return told;
}
