import { isDjangoSecret } from '../../core/django-secret.js';
import { ConfigurationError } from '../../core/errors.js';
import { redirectUriProblem } from '../../core/redirect-uri.js';
import { declaredScopes, formatScope } from '../../core/scopes.js';
import { requireUserId } from '../ids.js';
import type { ClientType } from './application.js';
import { checkedKeys, type PublicKeySet } from './application-keys.js';

/** The grant types that an application can be registered for. */
export const GRANT_TYPES = [
  'authorization_code',
  'client_credentials',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const;

export type GrantType = (typeof GRANT_TYPES)[number];

/** What an application is registered with. */
export interface NewApplication {
  /** What people are shown; at most 255 characters. */
  readonly name: string;
  /** The default is `confidential`. */
  readonly clientType?: ClientType;
  readonly grantTypes: readonly GrantType[] | readonly string[];
  /**
   * Absolute URIs without fragment (RFC 6749 §3.1.2), compared as strings (RFC 9700 §2.1): https, http on loopback, or
   * for a public application a private-use scheme like `com.example.app:/callback` (RFC 8252 §7).
   */
  readonly redirectUris?: readonly string[];
  /** Where its users may be sent after a sign-out (OpenID Connect RP-Initiated Logout §3.1); as `redirectUris`. */
  readonly postLogoutRedirectUris?: readonly string[] | null;
  /** Its public keys (RFC 7517 §5): it then proves itself by `private_key_jwt` and gets no secret. */
  readonly jwks?: PublicKeySet | null;
  /** Where its public keys are, by https; instead of `jwks`. */
  readonly jwksUri?: string | null;
  /** The scopes that it may be given; left out: any scope that the server knows. */
  readonly scopes?: readonly string[] | null;
  /** The id of the user who owns it. */
  readonly userId?: string | null;
  /** Whether its users are never asked for consent; the default is `false`. */
  readonly skipAuthorization?: boolean;
  /** Whether it may introspect tokens of other applications (RFC 7662 §2.1); the default is `false`. */
  readonly mayIntrospect?: boolean;
  /**
   * The hash of a secret that the application has already, as Django's `make_password` writes it: `pbkdf2_sha256$…` or
   * `pbkdf2_sha1$…`. The application keeps that secret, and none is generated.
   */
  readonly importedSecretHash?: string;
  /** An identifier of the host's choice, printable ASCII; the default is generated. */
  readonly clientId?: string;
  /** Properties of columns that the host added. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** What can be changed later. */
export type ApplicationPatch = Partial<Omit<NewApplication, 'clientId' | 'clientType' | 'importedSecretHash'>>;

/** The columns of an application that a registration decides. */
export interface ApplicationColumns {
  name: string;
  clientType: ClientType;
  grantTypes: string;
  redirectUris: string;
  postLogoutRedirectUris: string | null;
  jwks: string | null;
  jwksUri: string | null;
  scope: string | null;
  userId: string | null;
  skipAuthorization: boolean;
  mayIntrospect: boolean;
}

/** VSCHAR of RFC 6749 appendix A.1; 255 is the width of the column. */
const CLIENT_ID = /^[\x20-\x7e]{1,255}$/;

/** Whether a string can be a client identifier at all. */
export function isClientId(value: unknown): value is string {
  return typeof value === 'string' && CLIENT_ID.test(value);
}

/**
 * Checks a registration and writes it as columns.
 *
 * @throws ConfigurationError naming the option, the value and the fix
 */
export function applicationColumns(application: NewApplication): ApplicationColumns {
  const { name, clientType = 'confidential', userId = null, clientId } = application;
  if (typeof name !== 'string' || name.trim() === '' || name.length > 255 || name.includes('\0')) {
    throw new ConfigurationError(`application.name is ${show(name)}; give a name of 1 to 255 characters.`);
  }
  if (clientType !== 'confidential' && clientType !== 'public') {
    throw new ConfigurationError(`application.clientType is ${show(clientType)}; use "confidential" or "public".`);
  }
  if (clientId !== undefined && (!isClientId(clientId) || clientId.trim() !== clientId)) {
    throw new ConfigurationError(
      `application.clientId is ${show(clientId)}; use 1 to 255 printable ASCII characters, no space at the ends.`,
    );
  }
  const grantTypes = checkedGrantTypes(application.grantTypes, clientType);
  const redirectUris = checkedUris(application.redirectUris ?? [], clientType, 'redirectUris');
  const postLogoutRedirectUris = checkedUris(
    application.postLogoutRedirectUris ?? [],
    clientType,
    'postLogoutRedirectUris',
  );
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0) {
    throw new ConfigurationError(
      'application.redirectUris is empty; authorization_code needs at least one (RFC 6749 §3.1.2.2).',
    );
  }
  return {
    name,
    clientType,
    grantTypes: grantTypes.join(' '),
    redirectUris: redirectUris.join(' '),
    postLogoutRedirectUris: postLogoutRedirectUris.length === 0 ? null : postLogoutRedirectUris.join(' '),
    ...checkedKeys(application, clientType),
    scope: scopeColumn(application.scopes),
    userId: userId === null ? null : requireUserId(userId, 'application.userId'),
    skipAuthorization: checkedBoolean(application, 'skipAuthorization'),
    mayIntrospect: checkedBoolean(application, 'mayIntrospect'),
  };
}

/** Whether an application with these columns proves itself by its keys (`private_key_jwt`, OpenID Connect Core §9). */
export function hasKeys({ jwks, jwksUri }: Partial<Pick<ApplicationColumns, 'jwks' | 'jwksUri'>>): boolean {
  return Boolean(jwks) || Boolean(jwksUri);
}

/** Whether an application with these columns proves itself by a secret. */
export function needsSecret(columns: ApplicationColumns): boolean {
  return columns.clientType === 'confidential' && !hasKeys(columns);
}

/**
 * The hash of a secret that the application brings along, if it does.
 *
 * @throws ConfigurationError if it cannot be one, or the application has no use for it; the hash is not shown
 */
export function importedSecret({ importedSecretHash }: NewApplication, columns: ApplicationColumns): string | null {
  if (importedSecretHash === undefined) return null;
  if (!needsSecret(columns)) {
    throw new ConfigurationError(
      'application.importedSecretHash is given, but a public application, or one with keys, has no secret; leave it out.',
    );
  }
  if (!isDjangoSecret(importedSecretHash)) {
    throw new ConfigurationError(
      'application.importedSecretHash is not what Django stores; use pbkdf2_sha256$iterations$salt$hash (or pbkdf2_sha1) with 1000 to 3000000 iterations.',
    );
  }
  return importedSecretHash;
}

function checkedBoolean(application: NewApplication, name: 'skipAuthorization' | 'mayIntrospect'): boolean {
  const value = application[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw new ConfigurationError(`application.${name} is ${show(value)}; use true or false.`);
}

function scopeColumn(scopes: readonly string[] | null | undefined): string | null {
  if (scopes === undefined || scopes === null) return null;
  if (!Array.isArray(scopes)) {
    throw new ConfigurationError(`application.scopes is ${show(scopes)}; use a list of scope names.`);
  }
  return formatScope(declaredScopes(scopes, 'application.scopes'));
}

function checkedGrantTypes(grantTypes: readonly string[], clientType: ClientType): readonly string[] {
  if (!Array.isArray(grantTypes) || grantTypes.length === 0) {
    throw new ConfigurationError(
      `application.grantTypes is ${show(grantTypes)}; use at least one of ${GRANT_TYPES.join(', ')}.`,
    );
  }
  for (const grantType of grantTypes) {
    if (!(GRANT_TYPES as readonly string[]).includes(grantType)) {
      throw new ConfigurationError(`application.grantTypes has ${show(grantType)}; use ${GRANT_TYPES.join(', ')}.`);
    }
  }
  // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
  if (clientType === 'public' && grantTypes.includes('client_credentials')) {
    throw new ConfigurationError(
      'application.grantTypes has "client_credentials" for a public application; make it confidential (RFC 6749 §4.4).',
    );
  }
  return [...new Set(grantTypes)];
}

function checkedUris(
  uris: readonly string[],
  clientType: ClientType,
  name: 'redirectUris' | 'postLogoutRedirectUris',
): readonly string[] {
  if (!Array.isArray(uris)) {
    throw new ConfigurationError(`application.${name} is ${show(uris)}; use a list of URIs.`);
  }
  for (const uri of uris) {
    const problem = redirectUriProblem(uri, clientType);
    if (problem !== undefined) throw new ConfigurationError(`application.${name} has ${show(uri)}: ${problem}`);
  }
  return [...new Set(uris)];
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
