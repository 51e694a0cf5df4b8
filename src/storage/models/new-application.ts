import { isDjangoSecret } from '../../core/django-secret.js';
import { choiceOption, flagOption, optionPath, refuseOption } from '../../core/options/index.js';
import { isPrintable } from '../../core/printable.js';
import { redirectUriProblem } from '../../core/redirect-uri.js';
import { declaredScopes, formatScope } from '../../core/scopes.js';
import { requireUserId } from '../ids.js';
import { originsColumn } from './allowed-origins.js';
import { type ApplicationKeys, checkedKeys } from './application-keys.js';
import { type ApplicationLifetimes, type LifetimeColumns, lifetimeColumns } from './application-lifetimes.js';
import type { ClientType } from './client-type.js';
import { type ProtocolColumns, type ProtocolMetadata, protocolColumns } from './protocol-metadata.js';
import { REGISTRARS, type Registrar } from './registrar.js';

/** The grant types of applications. */
export const GRANT_TYPES = [
  'authorization_code',
  'client_credentials',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const;

export type GrantType = (typeof GRANT_TYPES)[number];

/** The properties of a new application. */
export interface NewApplication extends ApplicationKeys, ApplicationLifetimes, ProtocolMetadata {
  /** The name that is shown to people; at most 255 characters. */
  readonly name: string;
  /** The default is `confidential`. */
  readonly clientType?: ClientType | undefined;
  /** The grant types that it may use. */
  readonly grantTypes: readonly GrantType[] | readonly string[];
  /**
   * Absolute URIs without fragment (RFC 6749 §3.1.2), compared as strings (RFC 9700 §2.1): https, http on loopback, or
   * for a public application a private-use scheme like `com.example.app:/callback` (RFC 8252 §7) or one of those that
   * the option `redirectUriSchemes` allows.
   */
  readonly redirectUris?: readonly string[] | undefined;
  /**
   * Where its users may be redirected after signing out (OpenID Connect RP-Initiated Logout §3.1); as `redirectUris`.
   */
  readonly postLogoutRedirectUris?: readonly string[] | null | undefined;
  /**
   * Origins such as `https://app.example.com` whose pages may read responses to it (CORS), besides those of the
   * redirect URIs of a public application; at most 50.
   */
  readonly allowedOrigins?: readonly string[] | null | undefined;
  /**
   * The scopes that it may have; by default all scopes that the server knows, or, for an application that was
   * registered by its owner or by itself, all that the options allow such applications.
   */
  readonly scopes?: readonly string[] | null | undefined;
  /** The id of the user who owns it. */
  readonly userId?: string | null | undefined;
  /**
   * Who registers it; the default is `host`. With any other it gets no more than the options of the authorization server
   * allow such applications.
   */
  readonly registeredBy?: Registrar | undefined;
  /** Whether its users are never asked for consent; the default is `false`. */
  readonly skipAuthorization?: boolean | undefined;
  /** Whether it may introspect tokens of other applications (RFC 7662 §2.1); the default is `false`. */
  readonly mayIntrospect?: boolean | undefined;
  /**
   * The hash of the application's existing secret, in the format of Django's `make_password`: `pbkdf2_sha256$…` or
   * `pbkdf2_sha1$…`. The application keeps that secret, and none is generated.
   */
  readonly importedSecretHash?: string | undefined;
  /** An identifier of the host's choice, printable ASCII; the default is generated. */
  readonly clientId?: string | undefined;
  /** Properties of columns that the host added. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** What can be changed later. */
export type ApplicationPatch = Partial<Omit<NewApplication, 'clientId' | 'clientType' | 'importedSecretHash'>>;

/** Rules of the host for all applications. */
export interface ApplicationRules {
  /** Private-use schemes for redirect URIs that are not reverse domain names; the default is none. */
  readonly redirectUriSchemes?: readonly string[] | undefined;
}

/** The columns of an application that a registration sets. */
export interface ApplicationColumns extends LifetimeColumns, ProtocolColumns {
  name: string;
  clientType: ClientType;
  grantTypes: string;
  redirectUris: string;
  postLogoutRedirectUris: string | null;
  allowedOrigins: string | null;
  jwks: string | null;
  jwksUri: string | null;
  scope: string | null;
  userId: string | null;
  registeredBy: Registrar;
  skipAuthorization: boolean;
  mayIntrospect: boolean;
}

/** VSCHAR of RFC 6749 appendix A.1; 255 is the width of the column. */
const CLIENT_ID = /^[\x20-\x7e]{1,255}$/;

/** Whether a string can be a client identifier. */
export function isClientId(value: unknown): value is string {
  return typeof value === 'string' && CLIENT_ID.test(value);
}

/**
 * Whether a string can be the name of an application. Strangers choose such names, and users and staff read them: it
 * must be one line, displayed in the order in which it is written.
 */
export function isApplicationName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= 255 && isPrintable(value);
}

/**
 * Checks a registration and returns the columns.
 *
 * @throws ConfigurationError naming the option, the value and the fix
 */
export function applicationColumns(
  application: NewApplication,
  { redirectUriSchemes = [] }: ApplicationRules = {},
): ApplicationColumns {
  const { name, clientType = 'confidential', userId = null, clientId } = application;
  if (!isApplicationName(name)) {
    const fix = 'give a name of 1 to 255 characters, without control characters and direction marks';
    refuseOption('application.name', name, fix);
  }
  choiceOption('application.clientType', clientType, ['confidential', 'public']);
  if (clientId !== undefined && (!isClientId(clientId) || clientId.trim() !== clientId)) {
    refuseOption(
      'application.clientId',
      clientId,
      'use 1 to 255 printable ASCII characters, without a space at either end',
    );
  }
  const grantTypes = checkedGrantTypes(application.grantTypes, clientType);
  const redirectUris = checkedUris(application.redirectUris ?? [], 'redirectUris', (uri) =>
    redirectUriProblem(uri, clientType, redirectUriSchemes),
  );
  const postLogoutRedirectUris = checkedUris(
    application.postLogoutRedirectUris ?? [],
    'postLogoutRedirectUris',
    (uri) => redirectUriProblem(uri, clientType, redirectUriSchemes),
  );
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0) {
    const fix = 'the grant type authorization_code needs at least one (RFC 6749 §3.1.2.2)';
    refuseOption('application.redirectUris', redirectUris, fix);
  }
  const keys = checkedKeys(application, clientType);
  return {
    name,
    clientType,
    grantTypes: grantTypes.join(' '),
    redirectUris: redirectUris.join(' '),
    postLogoutRedirectUris: postLogoutRedirectUris.length === 0 ? null : postLogoutRedirectUris.join(' '),
    allowedOrigins: originsColumn(application.allowedOrigins),
    ...keys,
    ...protocolColumns(application, { isPublic: clientType === 'public', hasKeys: hasKeys(keys) }),
    scope: scopeColumn(application.scopes),
    userId: userId === null ? null : requireUserId(userId, 'application.userId'),
    registeredBy: choiceOption('application.registeredBy', application.registeredBy ?? 'host', REGISTRARS),
    skipAuthorization: checkedBoolean(application, 'skipAuthorization'),
    mayIntrospect: checkedBoolean(application, 'mayIntrospect'),
    ...lifetimeColumns(application),
  };
}

/** Whether an application with these columns authenticates with keys (`private_key_jwt`, OpenID Connect Core §9). */
export function hasKeys({ jwks, jwksUri }: Partial<Pick<ApplicationColumns, 'jwks' | 'jwksUri'>>): boolean {
  return Boolean(jwks) || Boolean(jwksUri);
}

/** Whether an application with these columns authenticates with a secret. */
export function needsSecret(columns: ApplicationColumns): boolean {
  return columns.clientType === 'confidential' && !hasKeys(columns);
}

/**
 * The imported hash of an existing secret, if there is one.
 *
 * @throws ConfigurationError if it is invalid, or the application needs no secret; the hash is not shown
 */
export function importedSecret({ importedSecretHash }: NewApplication, columns: ApplicationColumns): string | null {
  if (importedSecretHash === undefined) return null;
  if (!needsSecret(columns)) {
    const fix = 'a public application, or one with keys, has no secret; omit it';
    refuseOption('application.importedSecretHash', importedSecretHash, fix, { secret: true });
  }
  if (!isDjangoSecret(importedSecretHash)) {
    const form = 'pbkdf2_sha256$iterations$salt$hash (or pbkdf2_sha1) with 1000 to 3000000 iterations';
    refuseOption(
      'application.importedSecretHash',
      importedSecretHash,
      `it is not in the format that Django stores; use ${form}`,
      {
        secret: true,
      },
    );
  }
  return importedSecretHash;
}

function checkedBoolean(application: NewApplication, name: 'skipAuthorization' | 'mayIntrospect'): boolean {
  return flagOption(optionPath('application', name), application[name] ?? false);
}

function scopeColumn(scopes: readonly string[] | null | undefined): string | null {
  if (scopes === undefined || scopes === null) return null;
  if (!Array.isArray(scopes)) {
    refuseOption('application.scopes', scopes, 'use a list of scope names');
  }
  return formatScope(declaredScopes(scopes, 'application.scopes'));
}

function checkedGrantTypes(grantTypes: readonly string[], clientType: ClientType): readonly string[] {
  if (!Array.isArray(grantTypes) || grantTypes.length === 0) {
    refuseOption('application.grantTypes', grantTypes, `use at least one of ${GRANT_TYPES.join(', ')}`);
  }
  grantTypes.forEach((grantType, index) => {
    choiceOption(`application.grantTypes[${index}]`, grantType, GRANT_TYPES);
  });
  // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
  if (clientType === 'public' && grantTypes.includes('client_credentials')) {
    const fix = 'client_credentials is not for a public application; make it confidential (RFC 6749 §4.4)';
    refuseOption('application.grantTypes', grantTypes, fix);
  }
  return [...new Set(grantTypes)];
}

function checkedUris(
  uris: readonly string[],
  name: 'redirectUris' | 'postLogoutRedirectUris',
  problemOf: (uri: unknown) => string | undefined,
): readonly string[] {
  if (!Array.isArray(uris)) {
    refuseOption(`application.${name}`, uris, 'use a list of URIs');
  }
  uris.forEach((uri, index) => {
    const problem = problemOf(uri);
    if (problem !== undefined) refuseOption(`application.${name}[${index}]`, uri, problem.replace(/\.$/, ''));
  });
  return [...new Set(uris)];
}
