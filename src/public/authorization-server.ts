/**
 * `routing-controllers-oauth2/authorization-server`: endpoints, pages and keys. It needs `oidc-provider`, which only this
 * entry loads.
 */
export { authorizationServer } from '../authorization-server/authorization-server.js';
export type {
  AuthorizationServer,
  AuthorizationServerFactory,
  ScopeBounds,
} from '../authorization-server/authorization-server-factory.js';
export type { HostLogin, HostLoginRequest } from '../authorization-server/host-login.js';
export type { PrivateJwk, SigningAlgorithm } from '../authorization-server/keys/key-pair.js';
export type {
  DescribedSigningKey,
  RotatedSigningKey,
  RotateOptions,
  SigningKeySet,
  SigningKeyState,
  SigningKeys,
} from '../authorization-server/keys/signing-keys.js';
export type { AcrOptions } from '../authorization-server/options/acr-options.js';
export type { AuthenticationMethods } from '../authorization-server/options/amr-options.js';
export type { AuthorizationServerOptions } from '../authorization-server/options/authorization-server-options.js';
export type { ClaimsOfUser, ClaimsOptions, UserClaims } from '../authorization-server/options/claims-options.js';
export type { ClientDocumentOptions } from '../authorization-server/options/client-document-options.js';
export type { EndpointRates } from '../authorization-server/options/endpoint-rates.js';
export type {
  DynamicRegistrationOptions,
  LimitingOptions,
} from '../authorization-server/options/registration-options.js';
export type { ResourceOptions } from '../authorization-server/options/resource-options.js';
export type { StrictTransportSecurityOptions } from '../authorization-server/options/transport-security.js';
export type { Authenticate } from '../authorization-server/pages/pages.js';
export type {
  ApplicationField,
  ApplicationFields,
  ApplicationFormModel,
  ApplicationModel,
  ApplicationSearch,
  ApplicationsModel,
  AuthorizedApplicationsModel,
  ConsentedApplication,
  LifetimeField,
  ListedApplication,
  OwnLifetime,
} from '../authorization-server/pages/rendering/application-models.js';
export type {
  ListedSession,
  ListedToken,
  SessionSearch,
  SessionsModel,
  TokensModel,
} from '../authorization-server/pages/rendering/list-models.js';
export type {
  OverviewModel,
  OverviewPicture,
  OverviewPolicies,
  OverviewPolicy,
  OverviewRow,
  OverviewSeries,
  OverviewTopic,
} from '../authorization-server/pages/rendering/overview-models.js';
export type {
  ConfirmModel,
  ConsentModel,
  ContinueModel,
  DeviceCodeModel,
  DeviceConfirmModel,
  DeviceDoneModel,
  DeviceRefusedModel,
  ErrorModel,
  FormPostModel,
  HostPage,
  LoggedOutModel,
  LoginModel,
  LogoutModel,
  PageModels,
  PageName,
  PageOverrides,
} from '../authorization-server/pages/rendering/page-models.js';
export type {
  DescribedScope,
  Notice,
  PageForm,
  PageLink,
  Paging,
  ShownApplication,
} from '../authorization-server/pages/rendering/page-parts.js';
export type { PageWords, TextOverrides, Texts } from '../authorization-server/pages/rendering/texts.js';
export type { Viewer } from '../authorization-server/pages/rendering/viewer.js';
export type { AuthorizedApplication, Consents, EndpointForm, FormEntries } from '../authorization-server/ports.js';
export type { OverviewSource } from '../core/observation/overview.js';
