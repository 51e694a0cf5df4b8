import { choiceOption, flagOption, refuseOption, wholeNumberOption } from '../../core/options/index.js';

/** The algorithms that ID tokens can be signed with. */
export const ID_TOKEN_ALGORITHMS = ['RS256', 'ES256'] as const;
/** The algorithms of client assertions. */
export const CLIENT_ASSERTION_ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const;
/** How a secret may be sent (RFC 6749 §2.3.1). */
export const SECRET_METHODS = ['client_secret_basic', 'client_secret_post'] as const;

/** How the protocol treats an application, by the names of RFC 7591 §2 and its registry. */
export interface ProtocolMetadata {
  /**
   * Whether its access tokens require a DPoP proof, and are bound to that key (RFC 9449 §5.2); the default is `false`.
   */
  readonly dpopBoundAccessTokens?: boolean | undefined;
  /**
   * Whether its access tokens require a TLS client certificate, and are bound to it (RFC 8705 §3.4); the default is `false`.
   * Where certificates are found is the option `clientCertificates` of `createOAuth2`; without it such an application gets no
   * token.
   */
  readonly certificateBoundAccessTokens?: boolean | undefined;
  /** Whether it must use pushed authorization requests (RFC 9126 §6); the default is `false`. */
  readonly requirePushedAuthorizationRequests?: boolean | undefined;
  /** Whether its ID tokens always have `auth_time` (OpenID Connect Registration §2); the default is `false`. */
  readonly requireAuthTime?: boolean | undefined;
  /** `max_age` of its authorization requests without one (OpenID Connect Registration §2), in seconds. */
  readonly defaultMaxAgeSeconds?: number | null | undefined;
  /** The algorithm of its ID tokens; the default is `RS256`. */
  readonly idTokenSignedResponseAlg?: (typeof ID_TOKEN_ALGORITHMS)[number] | null | undefined;
  /** How it sends its secret. The server accepts both methods; the default is `client_secret_basic`. */
  readonly tokenEndpointAuthMethod?: (typeof SECRET_METHODS)[number] | null | undefined;
  /** The only algorithm that it signs client assertions with; the default is any that the server knows. */
  readonly tokenEndpointAuthSigningAlg?: (typeof CLIENT_ASSERTION_ALGORITHMS)[number] | null | undefined;
}

/** The columns of the protocol settings. */
export interface ProtocolColumns {
  dpopBoundAccessTokens: boolean;
  certificateBoundAccessTokens: boolean;
  requirePushedAuthorizationRequests: boolean;
  requireAuthTime: boolean;
  defaultMaxAgeSeconds: number | null;
  idTokenSignedResponseAlg: string | null;
  tokenEndpointAuthMethod: string | null;
  tokenEndpointAuthSigningAlg: string | null;
}

/** The properties that are flags, for `booleanProperties` of the model. */
export const PROTOCOL_FLAGS = [
  'dpopBoundAccessTokens',
  'certificateBoundAccessTokens',
  'requirePushedAuthorizationRequests',
  'requireAuthTime',
] as const;

/** The maximum of a signed 32-bit column. */
const MAXIMUM_MAX_AGE_SECONDS = 2_147_483_647;

/**
 * Checks the protocol settings and returns the columns.
 *
 * @param proof the properties that determine how the application authenticates
 * @throws ConfigurationError naming the option and the fix
 */
export function protocolColumns(
  application: ProtocolMetadata,
  proof: { readonly isPublic: boolean; readonly hasKeys: boolean },
): ProtocolColumns {
  const flag = (name: (typeof PROTOCOL_FLAGS)[number]) => flagOption(`application.${name}`, application[name] ?? false);
  const choice = (
    name: 'idTokenSignedResponseAlg' | 'tokenEndpointAuthMethod' | 'tokenEndpointAuthSigningAlg',
    choices: readonly string[],
  ) => {
    const value = application[name] ?? null;
    return value === null ? null : choiceOption(`application.${name}`, value, choices);
  };
  const columns = {
    dpopBoundAccessTokens: flag('dpopBoundAccessTokens'),
    certificateBoundAccessTokens: flag('certificateBoundAccessTokens'),
    requirePushedAuthorizationRequests: flag('requirePushedAuthorizationRequests'),
    requireAuthTime: flag('requireAuthTime'),
    defaultMaxAgeSeconds: maxAge(application.defaultMaxAgeSeconds),
    idTokenSignedResponseAlg: choice('idTokenSignedResponseAlg', ID_TOKEN_ALGORITHMS),
    tokenEndpointAuthMethod: choice('tokenEndpointAuthMethod', SECRET_METHODS),
    tokenEndpointAuthSigningAlg: choice('tokenEndpointAuthSigningAlg', CLIENT_ASSERTION_ALGORITHMS),
  };
  if (columns.dpopBoundAccessTokens && columns.certificateBoundAccessTokens) {
    const fix = 'its tokens are bound to a key already (dpopBoundAccessTokens); choose one of the two';
    refuseOption('application.certificateBoundAccessTokens', true, fix);
  }
  const { tokenEndpointAuthMethod: method, tokenEndpointAuthSigningAlg: algorithm } = columns;
  if (method !== null && (proof.isPublic || proof.hasKeys)) {
    const fix = 'a public application, or one with keys, has no secret; omit it';
    refuseOption('application.tokenEndpointAuthMethod', method, fix);
  }
  if (algorithm !== null && !proof.hasKeys) {
    const fix = 'only an application with keys (jwks or jwksUri) signs assertions; omit it';
    refuseOption('application.tokenEndpointAuthSigningAlg', algorithm, fix);
  }
  return columns;
}

function maxAge(seconds: number | null | undefined): number | null {
  if (seconds === undefined || seconds === null) return null;
  const range = { least: 0, most: MAXIMUM_MAX_AGE_SECONDS };
  return wholeNumberOption('application.defaultMaxAgeSeconds', seconds, range);
}

/** The settings of a stored application; a row written by an older version may lack columns. */
export function protocolMetadataOf(stored: Partial<ProtocolColumns>): ProtocolMetadata {
  return {
    dpopBoundAccessTokens: stored.dpopBoundAccessTokens ?? false,
    certificateBoundAccessTokens: stored.certificateBoundAccessTokens ?? false,
    requirePushedAuthorizationRequests: stored.requirePushedAuthorizationRequests ?? false,
    requireAuthTime: stored.requireAuthTime ?? false,
    defaultMaxAgeSeconds: stored.defaultMaxAgeSeconds ?? null,
    idTokenSignedResponseAlg: (stored.idTokenSignedResponseAlg ?? null) as ProtocolMetadata['idTokenSignedResponseAlg'],
    tokenEndpointAuthMethod: (stored.tokenEndpointAuthMethod ?? null) as ProtocolMetadata['tokenEndpointAuthMethod'],
    tokenEndpointAuthSigningAlg: (stored.tokenEndpointAuthSigningAlg ??
      null) as ProtocolMetadata['tokenEndpointAuthSigningAlg'],
  };
}
