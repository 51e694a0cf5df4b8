import { documentUrlProblem } from '../../../core/document-url.js';
import { ConfigurationError } from '../../../core/errors.js';
import { originProblem } from '../../../core/origin.js';
import { isPrintable, printable } from '../../../core/printable.js';
import { redirectUriProblem } from '../../../core/redirect-uri.js';
import type { ImportedApplications, NewApplication, PublicKeySet, Registrar } from '../../../storage/index.js';
import { type StoredSecret, storedSecret } from './client-secret.js';
import { APPLICATION_DIFFERENCES, APPLICATION_REFUSALS } from './reasons.js';
import { flagOf, OVERSIZED, type SourceRow, timeOf, wordsOf } from './source-values.js';

/** The columns that are read of an application; older versions lack some. */
export const APPLICATION_COLUMNS = [
  ...['client_id', 'redirect_uris', 'post_logout_redirect_uris', 'client_type', 'authorization_grant_type'],
  ...[
    'client_secret',
    'hash_client_secret',
    'name',
    'user_id',
    'skip_authorization',
    'created',
    'updated',
    'algorithm',
  ],
  ...['allowed_origins', 'registration_source', 'dcr_created', 'token_endpoint_auth_method', 'client_jwks'],
  ...['client_jwks_uri', 'require_pushed_authorization_requests'],
] as const;

/** The rules of the host. */
export interface MappingRules {
  /** Private-use schemes of redirect URIs that are allowed although they are not reverse domain names. */
  readonly redirectSchemes: readonly string[];
  /** Whether an application with an owner counts as registered by that owner. */
  readonly limitOwners: boolean;
}

type Refusal = keyof typeof APPLICATION_REFUSALS;
type Difference = keyof typeof APPLICATION_DIFFERENCES;

/** An application as it is registered here. */
export interface MappedApplication {
  readonly application: NewApplication & { readonly clientId: string };
  readonly secret: StoredSecret;
  readonly createdAtMilliseconds: number;
  readonly updatedAtMilliseconds: number;
  readonly differences: readonly Difference[];
}

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** The grant types here, or why there are none. */
const GRANTS: ReadonlyMap<string, readonly string[] | Refusal> = new Map<string, readonly string[] | Refusal>([
  ['authorization-code', ['authorization_code', 'refresh_token']],
  ['openid-hybrid', ['authorization_code', 'refresh_token']],
  ['client-credentials', ['client_credentials']],
  [DEVICE_CODE, [DEVICE_CODE, 'refresh_token']],
  ['password', 'password_grant'],
  ['implicit', 'implicit_grant'],
]);

/** Well below the size of a TEXT column of MySQL. */
const LONGEST_LIST = 60_000;
const MOST_ORIGINS = 50;
const LONGEST_NAME = 255;

/** Whether a client identifier of the source can be one here. */
export function isUsableClientId(clientId: string | null | undefined): clientId is string {
  return typeof clientId === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(clientId);
}

/** Translates applications of Django OAuth Toolkit. */
export class ApplicationMapping {
  constructor(
    private readonly target: Pick<ImportedApplications, 'check'>,
    private readonly rules: MappingRules,
  ) {}

  /**
   * @param userId the id of its owner here; `undefined`: the owner has none
   * @returns the application, or why it cannot come
   */
  map(row: SourceRow, userId: string | null | undefined): MappedApplication | { readonly refusal: Refusal } {
    const { client_id: clientId, client_type: clientType, authorization_grant_type: grant = '' } = row;
    if (!isUsableClientId(clientId)) return { refusal: 'invalid_client_id' };
    if (row[OVERSIZED] !== undefined) return { refusal: 'oversized' };
    if (clientType !== 'public' && clientType !== 'confidential') return { refusal: 'unknown_client_type' };
    const grantTypes = GRANTS.get(grant ?? '') ?? 'unknown_grant';
    if (typeof grantTypes === 'string') return { refusal: grantTypes };
    if (clientType === 'public' && grant === 'client-credentials') return { refusal: 'public_client_credentials' };

    const differences = new Set<Difference>();
    const uris = (column: string | null | undefined, difference: Difference) =>
      wordsOf(column).filter((uri) => {
        const fits = redirectUriProblem(uri, clientType, this.rules.redirectSchemes) === undefined && !hasWildcard(uri);
        if (!fits) differences.add(difference);
        return fits;
      });
    const redirectUris = uris(row.redirect_uris, 'redirect_uri_left_out');
    if (grantTypes.includes('authorization_code') && redirectUris.length === 0) return { refusal: 'no_redirect_uri' };
    const postLogoutRedirectUris = uris(row.post_logout_redirect_uris, 'post_logout_uri_left_out');
    const allowedOrigins = this.originsOf(row, differences);
    if ([redirectUris, postLogoutRedirectUris, allowedOrigins].some((list) => list.join(' ').length > LONGEST_LIST)) {
      return { refusal: 'oversized' };
    }
    const keys = keysOf(row, clientType === 'public');
    if (keys === undefined) return { refusal: 'unusable_keys' };
    const secret = secretOf(row, clientType === 'public', differences);
    if (grant === 'openid-hybrid') differences.add('hybrid_is_code');
    if (row.algorithm === 'HS256') differences.add('hs256_is_rs256');
    if (userId === undefined) differences.add('owner_left_out');
    const registeredItself = flagOf(row.dcr_created) === true || /^(?:dcr|cimd)$/.test(row.registration_source ?? '');
    if (registeredItself) differences.add('registered_itself');

    const application: NewApplication & { clientId: string } = {
      clientId,
      name: nameOf(row, clientId, differences),
      clientType,
      grantTypes,
      redirectUris,
      postLogoutRedirectUris,
      allowedOrigins,
      userId: userId ?? null,
      registeredBy: this.registrarOf(row, clientId, registeredItself, userId),
      skipAuthorization: flagOf(row.skip_authorization) ?? false,
      requirePushedAuthorizationRequests: flagOf(row.require_pushed_authorization_requests) ?? false,
      tokenEndpointAuthMethod: secretMethodOf(row, clientType === 'public' || hasKeys(keys)),
      ...keys,
    };
    try {
      this.target.check(application);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return { refusal: hasKeys(keys) ? 'unusable_keys' : 'invalid' };
    }
    const createdAtMilliseconds = timeOf(row.created) ?? 0;
    const updatedAtMilliseconds = timeOf(row.updated) ?? createdAtMilliseconds;
    return { application, secret, createdAtMilliseconds, updatedAtMilliseconds, differences: [...differences] };
  }

  private registrarOf(
    { registration_source: source }: SourceRow,
    clientId: string,
    registeredItself: boolean,
    userId: string | null | undefined,
  ): Registrar {
    if (source === 'cimd' && documentUrlProblem(clientId) === undefined) return 'document';
    if (registeredItself) return 'registration';
    return this.rules.limitOwners && userId ? 'owner' : 'host';
  }

  private originsOf(row: SourceRow, differences: Set<Difference>): string[] {
    const all = wordsOf(row.allowed_origins);
    const allowed = all.filter((origin) => originProblem(origin) === undefined).slice(0, MOST_ORIGINS);
    if (allowed.length < all.length) differences.add('origin_left_out');
    return allowed;
  }
}

/** `https://*.example.com` of the setting ALLOW_URI_WILDCARDS; here redirect URIs are compared as strings. */
function hasWildcard(uri: string): boolean {
  return URL.canParse(uri) && new URL(uri).hostname.includes('*');
}

type Keys = Pick<NewApplication, 'jwks' | 'jwksUri'>;

function hasKeys({ jwks, jwksUri }: Keys): boolean {
  return jwks !== undefined || jwksUri !== undefined;
}

/** The keys of an application that authenticates with them; `undefined` if they cannot be read. */
function keysOf(row: SourceRow, isPublic: boolean): Keys | undefined {
  if (isPublic || row.token_endpoint_auth_method !== 'private_key_jwt') return {};
  if (row.client_jwks_uri) return row.client_jwks ? undefined : { jwksUri: row.client_jwks_uri };
  try {
    const jwks: unknown = JSON.parse(row.client_jwks ?? '');
    return typeof jwks === 'object' && jwks !== null ? { jwks: jwks as PublicKeySet } : undefined;
  } catch {
    return undefined;
  }
}

/** An application that may not authenticate with its secret there does not begin to do so here. */
function secretOf(row: SourceRow, isPublic: boolean, differences: Set<Difference>): StoredSecret {
  const method = row.token_endpoint_auth_method;
  if (isPublic || method === 'private_key_jwt') return { kind: 'missing' };
  if (method === 'client_secret_jwt') {
    differences.add('client_secret_jwt');
    return { kind: 'missing' };
  }
  const secret = storedSecret(row.client_secret, flagOf(row.hash_client_secret) ?? true);
  if (secret.kind === 'missing') differences.add('no_secret');
  if (secret.kind === 'foreign') differences.add('secret_of_other_hasher');
  return secret;
}

function secretMethodOf({ token_endpoint_auth_method: method }: SourceRow, hasNoSecret: boolean) {
  if (hasNoSecret) return null;
  return method === 'client_secret_basic' || method === 'client_secret_post' ? method : null;
}

function nameOf(row: SourceRow, clientId: string, differences: Set<Difference>): string {
  const given = (row.name ?? '').trim();
  if (isPrintable(given) && given !== '' && given.length <= LONGEST_NAME) return given;
  if (given !== '') differences.add('name_changed');
  let cleaned = '';
  for (const character of printable(given.replace(/\p{Cs}/gu, ''))) {
    if (cleaned.length + character.length > LONGEST_NAME) break;
    cleaned += character;
  }
  return cleaned.trim() === '' ? clientId : cleaned.trim();
}
