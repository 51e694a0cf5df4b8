import type { RefusalReason } from '../refusal-reason.js';

/** What a guard decided: the request passed with a requirement, or without one, or was refused for a reason. */
export type AccessOutcome = 'granted' | 'public' | RefusalReason;

/** Every outcome. The type of `NAMES` makes a missing one a compile error. */
const NAMES: Readonly<Record<AccessOutcome, true>> = {
  granted: true,
  public: true,
  no_credentials: true,
  invalid_request: true,
  invalid_token: true,
  expired_token: true,
  invalid_dpop_proof: true,
  invalid_session: true,
  csrf: true,
  invalid_credentials: true,
  insufficient_scope: true,
  insufficient_user_authentication: true,
  permission: true,
  object_permission: true,
  throttled: true,
  failure_budget: true,
  unavailable: true,
  http_error: true,
  fault: true,
};

/** Every outcome of a guard. */
export const ACCESS_OUTCOMES = Object.keys(NAMES) as readonly AccessOutcome[];

/** Where the answer about a token came from: the memory of this process, Redis, or its verifier. */
export type LookUpLevel = 'process' | 'redis' | 'verifier';

export const LOOK_UP_LEVELS: readonly LookUpLevel[] = ['process', 'redis', 'verifier'];

/** What the answer was; `unavailable`: there was none. */
export type LookUpResult = 'active' | 'invalid' | 'expired' | 'unavailable';

export const LOOK_UP_RESULTS: readonly LookUpResult[] = ['active', 'invalid', 'expired', 'unavailable'];

/** What this process depends on. `cache` and `throttle` are in Redis, if there is one. */
export type StoreName = 'database' | 'cache' | 'throttle';

export const STORE_NAMES: readonly StoreName[] = ['database', 'cache', 'throttle'];

/** Whether a store can be asked. */
export type StoreState = 'up' | 'down';
