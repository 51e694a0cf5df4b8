/**
 * `routing-controllers-oauth2/authorization-server`: endpoints, pages and keys. It needs `oidc-provider`, which only this
 * entry loads.
 */
export { authorizationServer } from '../authorization-server/authorization-server.js';
export type {
  AuthorizationServer,
  AuthorizationServerFactory,
} from '../authorization-server/authorization-server-factory.js';
export type {
  AuthorizationServerOptions,
  EndpointRates,
  ResourceOptions,
} from '../authorization-server/options/authorization-server-options.js';
export type { Claims, ClaimsOfUser, ClaimsOptions } from '../authorization-server/options/claims-options.js';
export type { HostLogin, HostLoginRequest } from '../authorization-server/options/host-login.js';
export type { DynamicRegistrationOptions } from '../authorization-server/options/registration-options.js';
export type { StrictTransportSecurityOptions } from '../authorization-server/options/transport-security.js';
export type {
  Authenticate,
  HostPage,
  PageForm,
  PageModels,
  PageName,
  PageOverrides,
  TextOverrides,
  Texts,
} from '../authorization-server/pages/pages.js';
export type { AuthorizedApplication, Consents } from '../authorization-server/ports.js';
