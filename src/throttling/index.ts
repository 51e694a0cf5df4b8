export { type Clock, systemClock } from '../core/clock.js';
export { ConfigurationError } from '../core/errors.js';
export type { FailureBudget, FailureReservation } from '../core/failure-budget.js';
export { parseRate, type Rate } from '../core/rate.js';
export type { ThrottleAlgorithm } from './algorithm.js';
export type { CompiledThrottle, DescribedPolicy, ResponseFields, ThrottleOutcome } from './compiled-throttle.js';
export type { CountWhen } from './count-when.js';
export type { LeasedStatistics } from './engines/leased/engine.js';
export { type LeasedEngineOptions, type LeasedThrottleEngine, leasedEngine } from './engines/leased/index.js';
export type { WhenLedgerIsLost } from './engines/leased/ledger.js';
export { type MemoryEngine, type MemoryEngineOptions, memoryEngine } from './engines/memory.js';
export {
  type FlexibleLimiter,
  type FlexibleLimiterFactory,
  type FlexibleLimiterState,
  type RateLimiterFlexibleOptions,
  rateLimiterFlexibleEngine,
} from './engines/rate-limiter-flexible.js';
export { type RedisEngineOptions, redisEngine } from './engines/redis/engine.js';
export { type KeyedThrottle, keyedThrottle } from './keyed-throttle.js';
export type { CostFunction, InlinePolicy, PolicyOptions, RateFunction } from './policy.js';
export { CounterError, StoreAwayError, type StoreErrorCode } from './store-errors.js';
export type { StoreState } from './store-reports.js';
export type { SubjectFunction, SubjectName, ThrottleSubject } from './subject.js';
export { createThrottle, type Throttle, type ThrottleDependencies } from './throttle.js';
export type { CallerPatience, Charge, ChargeResult, ThrottleDecision, ThrottleEngine } from './throttle-engine.js';
export type {
  FailedAuthenticationOptions,
  FieldsOptions,
  RateLimitVersion,
  ThrottlingOptions,
  WhenStoreFails,
} from './throttling-options.js';
export { UndecidedError } from './undecided-error.js';
