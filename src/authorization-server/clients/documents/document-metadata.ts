import { ConfigurationError } from '../../../core/errors.js';
import { parseScope } from '../../../core/scopes.js';
import {
  type ApplicationRules,
  applicationColumns,
  type DocumentedApplication,
  type RegistrationLimit,
} from '../../../storage/index.js';
import { metadataProblem } from '../metadata-problem.js';
import { missingProtection } from '../protections.js';

/** What a document may give its application. */
export interface DocumentBounds {
  readonly limit: RegistrationLimit;
  /** Whether it gets all scopes of the limit, whichever the document names. */
  readonly allScopes: boolean;
  readonly rules: ApplicationRules;
}

/** A document that does not describe an application of this server; the message says why, to its author. */
export class InvalidDocument extends Error {}

type Metadata = Readonly<Record<string, unknown>>;

/**
 * Reads a client id metadata document (draft-ietf-oauth-client-id-metadata-document §4): the members of RFC 7591 §2, by
 * the same rules as a registration.
 *
 * One document describes the application to all servers. So scopes and grant types that it may not have here are left
 * out, as long as a grant type remains, and are no reason to refuse it.
 *
 * @param url the URL from which it was read
 * @throws InvalidDocument
 */
export function documentedApplication(url: string, text: string, bounds: DocumentBounds): DocumentedApplication {
  const metadata = parsed(text);
  // Compared as a string (RFC 3986 §6.2.1).
  if (metadata.client_id !== url) throw new InvalidDocument('client_id is not the URL of the document');
  if (isGiven(metadata.client_secret) || isGiven(metadata.client_secret_expires_at)) {
    throw new InvalidDocument('client_secret must not be in a public document');
  }
  const missing = missingProtection(metadata);
  if (missing !== undefined) throw new InvalidDocument(`${missing} asks for what this server does not do`);
  const application = { ...described(url, metadata, bounds), clientId: url };
  try {
    applicationColumns(application, bounds.rules);
  } catch (error) {
    throw error instanceof ConfigurationError ? new InvalidDocument(metadataProblem(error, metadata)) : error;
  }
  return application;
}

function parsed(text: string): Metadata {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Metadata;
  throw new InvalidDocument('it is not a JSON object');
}

/** Values that are of another type than the members allow are refused by `applicationColumns`. */
function described(url: string, metadata: Metadata, bounds: DocumentBounds): DocumentedApplication {
  const isPublic = methodOf(metadata) === 'none';
  // Keys are stored only if they are used for authentication.
  const { jwks, jwks_uri: jwksUri } = isPublic ? ({} as Metadata) : metadata;
  if (!isPublic && !isGiven(jwks) && !isGiven(jwksUri)) {
    throw new InvalidDocument('private_key_jwt needs jwks or jwks_uri');
  }
  return {
    clientId: url,
    registeredBy: 'document',
    name: (metadata.client_name ?? new URL(url).host) as string,
    clientType: isPublic ? 'public' : 'confidential',
    grantTypes: grantTypesOf(metadata, bounds.limit),
    redirectUris: (metadata.redirect_uris ?? []) as string[],
    postLogoutRedirectUris: (metadata.post_logout_redirect_uris ?? []) as string[],
    scopes: bounds.allScopes ? bounds.limit.scopes : scopesOf(metadata, bounds.limit),
    ...({ jwks, jwksUri } as Pick<DocumentedApplication, 'jwks' | 'jwksUri'>),
    ...(protocolOf(metadata, isPublic) as Partial<DocumentedApplication>),
  };
}

function protocolOf(metadata: Metadata, isPublic: boolean) {
  return {
    dpopBoundAccessTokens: metadata.dpop_bound_access_tokens ?? undefined,
    requirePushedAuthorizationRequests: metadata.require_pushed_authorization_requests ?? undefined,
    requireAuthTime: metadata.require_auth_time ?? undefined,
    defaultMaxAgeSeconds: metadata.default_max_age ?? undefined,
    idTokenSignedResponseAlg: metadata.id_token_signed_response_alg ?? undefined,
    tokenEndpointAuthSigningAlg: isPublic ? undefined : metadata.token_endpoint_auth_signing_alg,
  };
}

/** There is no secret that both sides could share, so the default of RFC 7591 §2 cannot be meant. */
function methodOf({ token_endpoint_auth_method: method }: Metadata): 'none' | 'private_key_jwt' {
  if (!isGiven(method)) return 'none';
  if (method === 'none' || method === 'private_key_jwt') return method;
  throw new InvalidDocument('token_endpoint_auth_method must be none or private_key_jwt');
}

function grantTypesOf(metadata: Metadata, { grantTypes: limit }: RegistrationLimit): string[] {
  const named = metadata.grant_types ?? ['authorization_code'];
  if (!Array.isArray(named)) throw new InvalidDocument('grant_types must be an array');
  const grantTypes = named.filter((one) => limit.includes(one));
  if (grantTypes.length === 0) throw new InvalidDocument('grant_types has none that an application may use here');
  const responseTypes = metadata.response_types ?? ['code'];
  const hasCode = Array.isArray(responseTypes) && responseTypes.includes('code');
  if (grantTypes.includes('authorization_code') && !hasCode) {
    throw new InvalidDocument('response_types must have code');
  }
  return grantTypes;
}

function scopesOf({ scope }: Metadata, { scopes: limit }: RegistrationLimit): readonly string[] {
  if (!isGiven(scope)) return limit;
  if (typeof scope !== 'string') throw new InvalidDocument('scope must be a text');
  return parseScope(scope).filter((one) => limit.includes(one));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
