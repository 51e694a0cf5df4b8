/**
 * The authorization server: endpoints, pages and keys. Needs `oidc-provider` and `eta`, which only this entry loads.
 */
export { authorizationServer } from './authorization-server.js';
export type { Claims, ClaimsOfUser, ClaimsOptions } from './claims.js';
export type {
  AccessRefusedEvent,
  ClientRefusedEvent,
  ConsentEvent,
  EventSubject,
  OAuth2EventListener,
  OAuth2EventMap,
  OAuth2EventName,
  OAuth2Events,
  RefusalReason,
  ReuseEvent,
  SecretRotatedEvent,
  TokenEvent,
  TokenRevokedEvent,
  TrustClearedEvent,
} from './events.js';
export type { AuthorizationServer, AuthorizationServerFactory } from './factory.js';
export type { HostLogin, HostLoginRequest } from './host-login.js';
export type {
  AuthorizationServerOptions,
  EndpointRates,
  ResourceOptions,
} from './options.js';
export type {
  Authenticate,
  HostPage,
  PageForm,
  PageModels,
  PageName,
  PageOverrides,
  TextOverrides,
  Texts,
} from './pages/index.js';
export type { AuthorizedApplication, Consents } from './ports.js';
export type { DynamicRegistrationOptions } from './registration-options.js';
export type { StrictTransportSecurityOptions } from './transport-security.js';
