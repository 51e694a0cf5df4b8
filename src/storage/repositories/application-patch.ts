import type { Application } from '../models/application.js';
import type { PublicKeySet } from '../models/application-keys.js';
import { LIFETIME_NAMES } from '../models/application-lifetimes.js';
import {
  type ApplicationColumns,
  type ApplicationPatch,
  type ApplicationRules,
  applicationColumns,
  isApplicationName,
  type NewApplication,
} from '../models/new-application.js';
import { protocolMetadataOf } from '../models/protocol-metadata.js';
import { registrarOf } from '../models/registrar.js';

/** The column for each property of a patch. */
const COLUMNS: Readonly<Record<Exclude<keyof ApplicationPatch, 'extra'>, keyof ApplicationColumns>> = {
  name: 'name',
  grantTypes: 'grantTypes',
  redirectUris: 'redirectUris',
  postLogoutRedirectUris: 'postLogoutRedirectUris',
  allowedOrigins: 'allowedOrigins',
  jwks: 'jwks',
  jwksUri: 'jwksUri',
  scopes: 'scope',
  userId: 'userId',
  registeredBy: 'registeredBy',
  skipAuthorization: 'skipAuthorization',
  mayIntrospect: 'mayIntrospect',
  dpopBoundAccessTokens: 'dpopBoundAccessTokens',
  certificateBoundAccessTokens: 'certificateBoundAccessTokens',
  requirePushedAuthorizationRequests: 'requirePushedAuthorizationRequests',
  requireAuthTime: 'requireAuthTime',
  defaultMaxAgeSeconds: 'defaultMaxAgeSeconds',
  idTokenSignedResponseAlg: 'idTokenSignedResponseAlg',
  tokenEndpointAuthMethod: 'tokenEndpointAuthMethod',
  tokenEndpointAuthSigningAlg: 'tokenEndpointAuthSigningAlg',
  accessTokenLifetimeSeconds: 'accessTokenLifetimeSeconds',
  refreshTokenLifetimeSeconds: 'refreshTokenLifetimeSeconds',
  refreshTokenIdleSeconds: 'refreshTokenIdleSeconds',
  idTokenLifetimeSeconds: 'idTokenLifetimeSeconds',
};

const PROPERTIES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

/**
 * The columns that a patch changes. The resulting application is checked as a whole, but only the columns in the patch
 * are written, so that two patches of different properties both take effect.
 *
 * @throws ConfigurationError if the resulting application is invalid
 */
export function patchedColumns(
  stored: Application,
  patch: ApplicationPatch,
  rules: ApplicationRules = {},
): Partial<ApplicationColumns> {
  const named = PROPERTIES.filter((property) => patch[property] !== undefined);
  const given = Object.fromEntries(named.map((property) => [property, patch[property]]));
  const columns = applicationColumns(
    { ...asRegistered(stored), ...given },
    { redirectUriSchemes: [...(rules.redirectUriSchemes ?? []), ...schemesOf(stored)] },
  );
  return Object.fromEntries(named.map((property) => [COLUMNS[property], columns[COLUMNS[property]]]));
}

/** The schemes that were allowed when the application was registered; another process may allow different ones. */
function schemesOf({ redirectUris, postLogoutRedirectUris }: Application): string[] {
  return words(`${redirectUris} ${postLogoutRedirectUris ?? ''}`).flatMap(
    (uri) => /^([a-z][^:]*):/i.exec(uri)?.[1] ?? [],
  );
}

/** A stored application in the form of a registration. */
function asRegistered(application: Application): NewApplication {
  const { name, clientType, userId, skipAuthorization, mayIntrospect, jwks, jwksUri, scope } = application;
  return {
    // Stored values are not checked again: they may be older than a rule.
    name: isApplicationName(name) ? name : 'as it is',
    clientType,
    grantTypes: words(application.grantTypes),
    redirectUris: words(application.redirectUris),
    postLogoutRedirectUris: words(application.postLogoutRedirectUris ?? ''),
    allowedOrigins: words(application.allowedOrigins ?? ''),
    jwks: jwks ? (JSON.parse(jwks) as PublicKeySet) : null,
    jwksUri,
    scopes: scope === null ? null : words(scope),
    userId,
    registeredBy: registrarOf(application),
    skipAuthorization,
    mayIntrospect,
    ...protocolMetadataOf(application),
    ...Object.fromEntries(LIFETIME_NAMES.map((lifetime) => [lifetime, application[lifetime]])),
  };
}

function words(column: string): string[] {
  return column.split(' ').filter((word) => word !== '');
}
