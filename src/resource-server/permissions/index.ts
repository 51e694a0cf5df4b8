export { type AuthenticationContextRequirement, authenticationContext } from './authentication-context.js';
export { allOf, anyOf, leavesOf, not } from './composition.js';
export type { AuthorizedExpression, PermissionExpression } from './expression.js';
export { AllowAny, IsAuthenticated } from './is-authenticated.js';
export { IsAuthenticatedOrTokenHasScope } from './is-authenticated-or-token-has-scope.js';
export type { GuardedAction, Permission, PermissionLike, ScopeAlternatives } from './permission.js';
export { TokenHasReadWriteScope } from './token-has-read-write-scope.js';
export { type ResourceScopes, TokenHasResourceScope } from './token-has-resource-scope.js';
export { TokenHasScope } from './token-has-scope.js';
export {
  type AlternativesByMethod,
  type OASRequirements,
  type SecurityRequirement,
  TokenMatchesOASRequirements,
} from './token-matches-oas-requirements.js';
