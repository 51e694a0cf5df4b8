import { IDENTITY_SCOPES } from '../core/scopes.js';
import type { OAuth2Options } from '../options.js';
import { fieldsRead } from '../resource-server/authentication/authentication-steps.js';
import { ErrorResponder } from '../resource-server/error-response.js';
import { readDefaultRequirement } from '../resource-server/permissions/default-requirement.js';
import { Admissions } from '../routing-controllers/admissions.js';
import { PlanCompiler } from '../routing-controllers/compile.js';
import { Guard } from '../routing-controllers/guard.js';
import type { ActionPlan } from '../routing-controllers/plan.js';
import { Refusals } from '../routing-controllers/request-refusals.js';
import type { Throttle } from '../throttling/index.js';
import type { Authenticators } from './authenticators.js';
import type { Basis } from './basis.js';
import type { Storage } from './storage.js';
import type { TokenVerification } from './token-verification.js';

/** What guards the actions of routing-controllers. */
export interface Guarding {
  readonly guard: Guard;
  /** Compiles the plans of actions. */
  readonly compiler: PlanCompiler;
  /** The plans of the actions that this package's entry serves. */
  readonly served: ActionPlan[];
}

/**
 * The scopes that actions may require: those that an option names. Without the option `scopes` nobody knows which there are.
 */
function knownScopes({
  scopes,
  readScope,
  writeScope,
  resourceMetadata,
}: OAuth2Options): ReadonlySet<string> | undefined {
  if (scopes === undefined) return undefined;
  const named = [readScope, writeScope].filter((one) => one !== undefined);
  const offered = resourceMetadata === undefined || resourceMetadata === false ? [] : (resourceMetadata.scopes ?? []);
  return new Set([...Object.keys(scopes), ...named, ...offered, ...IDENTITY_SCOPES]);
}

/** Creates the guard of all actions, and the compiler of their declarations. */
export function composeGuarding(
  { realm = 'api', errorBody = 'oauth2', errorResponseWithScopes = false, ...given }: OAuth2Options,
  { log, observation, ...asked }: Basis,
  { authenticators }: Authenticators,
  { clock }: Pick<TokenVerification, 'clock'>,
  throttle: Throttle,
  { schema }: Pick<Storage, 'schema'>,
  resourceMetadata: string | undefined,
): Guarding {
  const { readScope, writeScope, defaultRequirement } = given;
  const responder = new ErrorResponder({ realm, errorBody, errorResponseWithScopes, authenticators, resourceMetadata });
  const refusals = new Refusals({ responder, asked, clock, fieldsRead: fieldsRead(authenticators), log, observation });
  const admissions = new Admissions(observation, asked, log);
  return {
    guard: new Guard({ authenticators, refusals, admissions, address: asked.address, clock, schema }),
    compiler: new PlanCompiler({
      throttle,
      readScope: readScope ?? 'read',
      writeScope: writeScope ?? 'write',
      defaultRequirement:
        defaultRequirement === undefined ? undefined : readDefaultRequirement('defaultRequirement', defaultRequirement),
      knownScopes: knownScopes(given),
    }),
    served: [],
  };
}
