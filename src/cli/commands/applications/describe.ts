import type { Application } from '../../../storage/index.js';

/** An application as the command line prints it, in the names of RFC 7591 §2 where it has one. Never its secret. */
export interface DescribedApplication {
  readonly client_id: string;
  readonly client_name: string;
  readonly client_type: string;
  readonly grant_types: readonly string[];
  readonly redirect_uris: readonly string[];
  /** How it proves itself at the token endpoint (RFC 7591 §2). */
  readonly token_endpoint_auth_method: string;
  /** These three only where they differ from the default. */
  readonly dpop_bound_access_tokens?: true;
  readonly require_pushed_authorization_requests?: true;
  readonly id_token_signed_response_alg?: string;
  /** Scopes separated by spaces; `null` for any that the server knows. */
  readonly scope: string | null;
  readonly disabled: boolean;
}

/** Describes a stored application. */
export function describeApplication(application: Application): DescribedApplication {
  return {
    client_id: application.clientId,
    client_name: application.name,
    client_type: application.clientType,
    grant_types: words(application.grantTypes),
    redirect_uris: words(application.redirectUris),
    token_endpoint_auth_method: authenticationMethod(application),
    ...(application.dpopBoundAccessTokens && { dpop_bound_access_tokens: true }),
    ...(application.requirePushedAuthorizationRequests && { require_pushed_authorization_requests: true }),
    ...(application.idTokenSignedResponseAlg && { id_token_signed_response_alg: application.idTokenSignedResponseAlg }),
    scope: application.scope ?? null,
    disabled: application.isDisabled(),
  };
}

/** A secret may also be sent in the body (`client_secret_post`); basic is what RFC 6749 §2.3.1 asks for. */
function authenticationMethod(application: Application): string {
  if (application.clientType === 'public') return 'none';
  return application.hasKeys() ? 'private_key_jwt' : (application.tokenEndpointAuthMethod ?? 'client_secret_basic');
}

/** Name and value of each property, for people. */
export function inWords(described: object): string[][] {
  return Object.entries(described).map(([name, value]) => [name, word(name, value)]);
}

function word(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(' ') || '-';
  if (name === 'scope' && value === null) return '(any)';
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}

function words(value: string): string[] {
  return value.split(' ').filter((word) => word !== '');
}
