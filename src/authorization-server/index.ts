/**
 * The authorization server: endpoints, pages and keys. Needs `oidc-provider` and `eta`, which only this entry loads.
 */
export { authorizationServer } from './authorization-server.js';
export type { AuthorizationServer, AuthorizationServerFactory } from './authorization-server-factory.js';
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
export type {
  AuthorizationServerOptions,
  EndpointRates,
  ResourceOptions,
} from './options/authorization-server-options.js';
export type { Claims, ClaimsOfUser, ClaimsOptions } from './options/claims.js';
export type { HostLogin, HostLoginRequest } from './options/host-login.js';
export type { DynamicRegistrationOptions } from './options/registration-options.js';
export type { StrictTransportSecurityOptions } from './options/transport-security.js';
export type {
  Authenticate,
  HostPage,
  PageForm,
  PageModels,
  PageName,
  PageOverrides,
  TextOverrides,
  Texts,
} from './pages/pages.js';
export type { AuthorizedApplication, Consents } from './ports.js';
