export type {
  AuthorizationServer,
  AuthorizationServerFactory,
} from './authorization-server/authorization-server-factory.js';
export type { Clock } from './core/clock.js';
export {
  AccessDeniedError,
  AuthenticationRequiredError,
  ConfigurationError,
  InsufficientScopeError,
  InvalidClientError,
  InvalidRequestError,
  InvalidScopeError,
  InvalidTokenError,
  OAuth2Error,
  type OAuth2ErrorCode,
  TemporarilyUnavailableError,
  ThrottledError,
} from './core/errors.js';
export type {
  AccessRefusedEvent,
  OAuth2EventListener,
  OAuth2EventMap,
  OAuth2EventName,
  OAuth2Events,
  RefusalReason,
} from './core/events.js';
export type { Logger } from './core/logger.js';
export type { Principal } from './core/principal.js';
export type { ScopeDescriptions } from './core/scopes.js';
export type { UserStore } from './core/users.js';
export type { VerifiedToken } from './core/verified-token.js';
export { createOAuth2, type KoaServerOptions, type OAuth2 } from './oauth2.js';
export { bearer, type OAuth2Options, session } from './options.js';
export * from './resource-server/index.js';
export * from './routing-controllers/index.js';
export { AccessToken, Application, objectionUserStore, RefreshToken } from './storage/index.js';
export type { ThrottlingOptions } from './throttling/index.js';
