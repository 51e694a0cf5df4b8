/**
 * `routing-controllers-oauth2`: guards, permissions, tokens and the options of `createOAuth2`. This folder alone is
 * published; each of its files is one entry, and lists by hand what users get.
 */
export type {
  AuthorizationServer,
  AuthorizationServerFactory,
} from '../authorization-server/authorization-server-factory.js';
export type { TrustedProxies } from '../core/addresses/index.js';
export type { BrowserSession, BrowserSessionPage } from '../core/browser-session.js';
export type { ChallengeParameters } from '../core/challenge.js';
export type { Claims } from '../core/claims.js';
export type { Clock } from '../core/clock.js';
export type { Confirmation } from '../core/confirmation.js';
export {
  AccessDeniedError,
  AuthenticationRequiredError,
  ConfigurationError,
  type ErrorCode,
  InsufficientScopeError,
  InsufficientUserAuthenticationError,
  InvalidClientError,
  InvalidDPoPProofError,
  InvalidRequestError,
  InvalidScopeError,
  InvalidTokenError,
  OAuth2Error,
  type OAuth2ErrorCode,
  type OAuth2ErrorDetails,
  type OAuth2ErrorJson,
  ServerError,
  TemporarilyUnavailableError,
  ThrottledError,
  UseDPoPNonceError,
} from '../core/errors.js';
export type {
  AccessEvent,
  AccessGrantedEvent,
  AccessRefusedEvent,
  ClientRefusedEvent,
  ConsentEvent,
  EventAction,
  EventSubject,
  KeyCreatedEvent,
  KeysFetchedEvent,
  KeyUsedEvent,
  OAuth2EventMap,
  OAuth2EventName,
  RefusalReason,
  ReuseEvent,
  SecretRotatedEvent,
  SessionEndedEvent,
  SessionStartedEvent,
  StoreChangedEvent,
  ThrottleRefusedEvent,
  TokenEvent,
  TokenRevokedEvent,
  TokensRevokedEvent,
  TokenVerifiedEvent,
  TrustClearedEvent,
  UserRefusedEvent,
} from '../core/events/event-map.js';
export type { OAuth2Events } from '../core/events/events.js';
export type { OAuth2EventListener } from '../core/events/topic.js';
export { ForeignUser } from '../core/foreign-user.js';
export type { HealthReport, PartHealth } from '../core/health.js';
export { type Logger, type ObjectLogger, structuredLogger } from '../core/logger.js';
export type { AccessOutcome, LookUpLevel, LookUpResult, StoreName, StoreState } from '../core/observation/outcomes.js';
export type { OpaqueTokenOptions } from '../core/opaque-tokens/index.js';
export type {
  AnonymousPrincipal,
  ApplicationPrincipal,
  Principal,
  TokenPrincipal,
  UserPrincipal,
} from '../core/principal.js';
export type { RedisClient } from '../core/redis-client.js';
export type {
  DescribedScopeName,
  IdentityScope,
  Register,
  RegisteredUser,
  ResourceOf,
  ScopeName,
} from '../core/register.js';
export { hasScopes, type ScopeDescriptions, type ScopeHolder } from '../core/scopes.js';
export type { SecretKey } from '../core/secret-keys.js';
export type { TokenForm, TokenKind } from '../core/token-form.js';
export type { RandomBytes } from '../core/token-value.js';
export type { UserStore } from '../core/users.js';
export {
  type ActiveVerification,
  type TokenDetails,
  type Verification,
  type VerifiedToken,
  verifiedToken,
} from '../core/verified-token.js';
export { createOAuth2, type KoaServerOptions, type OAuth2, type ReadyOptions } from '../oauth2.js';
export type { OpenApiInfo } from '../openapi/document.js';
export type { ServedOpenApi } from '../openapi/open-api-options.js';
export type { DatabaseSource, OAuth2Options, ServiceContainer } from '../options.js';
export type { Authentication, Authenticator } from '../resource-server/authentication/authenticator.js';
export {
  type AuthenticatorFactory,
  bearer,
  session,
} from '../resource-server/authentication/authenticator-factories.js';
export type { BearerTokenLocations } from '../resource-server/authentication/bearer-token.js';
export { endSession, type SessionOptions, startSession } from '../resource-server/authentication/session.js';
export { BrowserSessions, type EndedSessions } from '../resource-server/browser-sessions.js';
export type { CacheOptions } from '../resource-server/cache/index.js';
export type { CertificateFormat } from '../resource-server/certificate-field.js';
export type { ClientCertificateOptions } from '../resource-server/client-certificates.js';
export type { DPoPOptions } from '../resource-server/dpop/dpop-options.js';
export type { ErrorBody, ErrorResponse } from '../resource-server/error-response.js';
export type { ActiveInspection, InactiveInspection, Inspection } from '../resource-server/inspection.js';
export type { IssuedToken, IssueOptions } from '../resource-server/issued-token.js';
export {
  DocumentedSecurity,
  type OpenApiSecurityOptions,
  openApiSecurity,
} from '../resource-server/openapi-security/index.js';
export type { AccessAlternative, FurtherRule } from '../resource-server/permissions/access-alternatives.js';
export type { AccessRule, CustomRule } from '../resource-server/permissions/access-rule.js';
export type { DefaultRequirement } from '../resource-server/permissions/default-requirement.js';
export {
  AllowAny,
  type AlternativesByMethod,
  type AuthenticationContextRequirement,
  type AuthorizedExpression,
  allOf,
  anyOf,
  authenticationContext,
  type GuardedAction,
  IsAuthenticated,
  IsAuthenticatedOrTokenHasScope,
  not,
  type OASRequirements,
  type Permission,
  type PermissionExpression,
  type PermissionLike,
  type ResourceScopes,
  type ScopeAlternatives,
  type SecurityRequirement,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from '../resource-server/permissions/index.js';
export type {
  ProtectedResourceMetadata,
  ResourceMetadataDocument,
  ResourceMetadataOptions,
} from '../resource-server/protected-resource-metadata.js';
export { RequestAccess } from '../resource-server/request-access.js';
export type { HostAddress } from '../resource-server/request-address.js';
export type { RequestIdSource } from '../resource-server/request-id.js';
export type { ApplicationReference, RevokedOwner, TokenOwner } from '../resource-server/token-owner.js';
export { TokenService } from '../resource-server/token-service.js';
export type { UserReference } from '../resource-server/user-reference.js';
export type { MapUser } from '../resource-server/verifiers/admission.js';
export type { VerifierLike } from '../resource-server/verifiers/chain.js';
export { type DatabaseTokensOptions, databaseTokens } from '../resource-server/verifiers/database.js';
export {
  type AnswerAlgorithm,
  type AssertionAlgorithm,
  type ClientAuthenticationMethod,
  type IntrospectedTokensOptions,
  introspectedTokens,
  type PrivateKey,
  type SignedAnswerOptions,
} from '../resource-server/verifiers/introspection/index.js';
export { type JwtAlgorithm, type JwtTokensOptions, jwtTokens } from '../resource-server/verifiers/jwt/index.js';
export type { TokenVerifier, VerifierFactory } from '../resource-server/verifiers/verifier.js';
export type { ActionSummary } from '../routing-controllers/action-summary.js';
export type { CheckerOptions } from '../routing-controllers/checkers.js';
export type { ClassOrMethodDecorator, ThrottleDeclaration } from '../routing-controllers/declarations.js';
export { Access } from '../routing-controllers/decorators/access.js';
export { Authorized } from '../routing-controllers/decorators/authorized.js';
export { CurrentToken } from '../routing-controllers/decorators/current-token.js';
export {
  CurrentUser,
  type DeclareParameterAs,
  type InjectingDecorator,
} from '../routing-controllers/decorators/current-user.js';
export { Public } from '../routing-controllers/decorators/public.js';
export { RequiredScopes } from '../routing-controllers/decorators/required-scopes.js';
export { Throttle } from '../routing-controllers/decorators/throttle.js';
export { type DefinedScopes, defineScopes } from '../routing-controllers/define-scopes.js';
export type { MethodAccess } from '../routing-controllers/plan-description.js';
export { AccessToken, Application, objectionUserStore, RefreshToken } from '../storage/index.js';
export type { DescribedPolicy, ThrottlingOptions } from '../throttling/index.js';
