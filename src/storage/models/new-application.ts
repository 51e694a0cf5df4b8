import { ConfigurationError } from '../../core/errors.js';
import { declaredScopes, formatScope } from '../../core/scopes.js';
import { requireUserId } from '../ids.js';
import type { ClientType } from './application.js';

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
  /** Absolute URIs without fragment (RFC 6749 §3.1.2). */
  readonly redirectUris?: readonly string[];
  /** The scopes that it may be given; left out: any scope that the server knows. */
  readonly scopes?: readonly string[] | null;
  /** The id of the user who owns it. */
  readonly userId?: string | null;
  /** Whether its users are never asked for consent; the default is `false`. */
  readonly skipAuthorization?: boolean;
  /** An identifier of the host's choice, printable ASCII; the default is generated. */
  readonly clientId?: string;
  /** Properties of columns that the host added. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** What can be changed later. */
export type ApplicationPatch = Partial<Omit<NewApplication, 'clientId' | 'clientType'>>;

/** The columns of an application that a registration decides. */
export interface ApplicationColumns {
  name: string;
  clientType: ClientType;
  grantTypes: string;
  redirectUris: string;
  scope: string | null;
  userId: string | null;
  skipAuthorization: boolean;
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
  const { name, clientType = 'confidential', skipAuthorization = false, userId = null, clientId } = application;
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
  if (typeof skipAuthorization !== 'boolean') {
    throw new ConfigurationError(`application.skipAuthorization is ${show(skipAuthorization)}; use true or false.`);
  }
  const grantTypes = checkedGrantTypes(application.grantTypes, clientType);
  const redirectUris = checkedRedirectUris(application.redirectUris ?? []);
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
    scope: scopeColumn(application.scopes),
    userId: userId === null ? null : requireUserId(userId, 'application.userId'),
    skipAuthorization,
  };
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

function checkedRedirectUris(uris: readonly string[]): readonly string[] {
  if (!Array.isArray(uris)) {
    throw new ConfigurationError(`application.redirectUris is ${show(uris)}; use a list of URIs.`);
  }
  for (const uri of uris) {
    // Kept as given, since they are compared as strings (RFC 9700 §2.1); space is what separates them in the column.
    if (typeof uri !== 'string' || !/^[\x21-\x7e]+$/.test(uri) || uri.includes('#') || !URL.canParse(uri)) {
      throw new ConfigurationError(
        `application.redirectUris has ${show(uri)}; use absolute URIs without fragment and space (RFC 6749 §3.1.2).`,
      );
    }
    if (/^(javascript|data|vbscript|blob|about):/i.test(uri)) {
      throw new ConfigurationError(`application.redirectUris has ${show(uri)}; a browser would run it, not go there.`);
    }
  }
  return [...new Set(uris)];
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
