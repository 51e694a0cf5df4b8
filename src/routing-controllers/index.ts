export type { ActionSummary } from './audit.js';
export type { CheckerOptions } from './checkers.js';
export { Access } from './decorators/access.js';
export { CurrentToken } from './decorators/current-token.js';
export { Public } from './decorators/public.js';
export { RequiredScopes } from './decorators/required-scopes.js';
export { Throttle } from './decorators/throttle.js';
