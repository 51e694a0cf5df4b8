import type { FailureBudget } from '../core/failure-budget.js';
import type { UserStore } from '../core/users.js';
import type { OAuth2Options } from '../options.js';
import type { Authenticator } from '../resource-server/authentication/authenticator.js';
import { AUTHENTICATOR, bearer, isFactory } from '../resource-server/authentication/authenticator-factories.js';
import { BadTokens } from '../resource-server/authentication/bad-tokens.js';
import { BearerAuthenticator, type BearerDependencies } from '../resource-server/authentication/bearer.js';
import { DPoPAuthenticator } from '../resource-server/authentication/dpop.js';
import { LookUpAdmission } from '../resource-server/authentication/look-up-admission.js';
import { SessionAuthenticator } from '../resource-server/authentication/session.js';
import { tellingOutages } from '../storage/host-outages.js';
import type { Basis } from './basis.js';
import type { SenderConstraints } from './sender-constraints.js';
import type { TokenVerification } from './token-verification.js';

/** The authenticators, and what the guard needs to know about them. */
export interface Authenticators {
  readonly authenticators: readonly Authenticator[];
  readonly admission: LookUpAdmission;
  readonly badTokens: BadTokens;
}

/** Creates the authenticators in the options, `bearer()` by default. */
export function composeAuthenticators(
  options: OAuth2Options,
  { clock, logger, address }: Basis,
  verification: TokenVerification,
  failures: FailureBudget,
  constraints: SenderConstraints,
): Authenticators {
  const badTokens = new BadTokens(logger, clock);
  const admission = new LookUpAdmission(failures, badTokens);
  const { certificates, dpop } = constraints;
  const dependencies: BearerDependencies = { ...verification, admission, address, certificates };
  const authenticators = (options.authenticators ?? [bearer()]).flatMap((one) =>
    authenticatorsOf(one, dependencies, dpop, options),
  );
  return { authenticators, admission, badTokens };
}

function authenticatorsOf(
  one: NonNullable<OAuth2Options['authenticators']>[number],
  dependencies: BearerDependencies,
  dpop: SenderConstraints['dpop'],
  options: OAuth2Options,
): readonly Authenticator[] {
  if (!isFactory(one)) return [tellingAuthenticator(one)];
  // The validation of the options guarantees a user store for sessions.
  if (one[AUTHENTICATOR] === 'session') return [new SessionAuthenticator(options.users as UserStore, one.options)];
  const bearer = new BearerAuthenticator(dependencies, one.options);
  return dpop === undefined ? [bearer] : [bearer, new DPoPAuthenticator({ ...dependencies, ...dpop })];
}

/** An authenticator of the host may depend on services that can be unavailable, like a user store. */
function tellingAuthenticator(one: Authenticator): Authenticator {
  // Every member is listed, so that a new one cannot be forgotten.
  const told: { readonly [Name in keyof Required<Authenticator>]: Authenticator[Name] } = {
    authenticate: tellingOutages('An authenticator', one.authenticate.bind(one)),
    ambient: one.ambient,
    reads: one.reads,
    securityScheme: one.securityScheme,
    challenge: one.challenge?.bind(one),
    needsBody: one.needsBody?.bind(one),
  };
  return told;
}
