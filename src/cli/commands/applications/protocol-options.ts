import { InvalidArgumentError, Option } from 'commander';
import {
  CLIENT_ASSERTION_ALGORITHMS,
  ID_TOKEN_ALGORITHMS,
  type ProtocolMetadata,
  SECRET_METHODS,
} from '../../../storage/models/protocol-metadata.js';
import { noneIfDefault } from './lifetime-options.js';

/** The parsed options about the protocol. */
export interface ProtocolOptions {
  readonly dpopBoundAccessTokens?: boolean;
  readonly certificateBoundAccessTokens?: boolean;
  readonly requirePushedAuthorizationRequests?: boolean;
  readonly requireAuthTime?: boolean;
  readonly defaultMaxAge?: number | 'default';
  readonly idTokenAlg?: ProtocolMetadata['idTokenSignedResponseAlg'] | 'default';
  readonly tokenEndpointAuthMethod?: ProtocolMetadata['tokenEndpointAuthMethod'] | 'default';
  readonly tokenEndpointAuthSigningAlg?: ProtocolMetadata['tokenEndpointAuthSigningAlg'] | 'default';
}

/** The options that set how the protocol treats an existing application. */
export function protocolOptions(): Option[] {
  return [
    ...flag('dpop-bound-access-tokens', 'require access tokens that are bound to a key (RFC 9449 §5.2)'),
    ...flag(
      'certificate-bound-access-tokens',
      'require access tokens that are bound to its certificate (RFC 8705 §3.4)',
    ),
    ...flag('require-pushed-authorization-requests', 'require pushed authorization requests (RFC 9126 §6)'),
    ...flag('require-auth-time', 'its ID tokens always have auth_time'),
    new Option('--default-max-age <seconds>', 'max_age of requests without one; "default" for none').argParser(maxAge),
    choice('id-token-alg', 'algorithm of its ID tokens', ID_TOKEN_ALGORITHMS),
    choice('token-endpoint-auth-method', 'how it sends its secret', SECRET_METHODS),
    choice('token-endpoint-auth-signing-alg', 'the only algorithm of its assertions', CLIENT_ASSERTION_ALGORITHMS),
  ];
}

/** The given options, as the storage takes them. */
export function protocolOf(options: ProtocolOptions): ProtocolMetadata {
  return {
    dpopBoundAccessTokens: options.dpopBoundAccessTokens,
    certificateBoundAccessTokens: options.certificateBoundAccessTokens,
    requirePushedAuthorizationRequests: options.requirePushedAuthorizationRequests,
    requireAuthTime: options.requireAuthTime,
    defaultMaxAgeSeconds: noneIfDefault(options.defaultMaxAge),
    idTokenSignedResponseAlg: noneIfDefault(options.idTokenAlg),
    tokenEndpointAuthMethod: noneIfDefault(options.tokenEndpointAuthMethod),
    tokenEndpointAuthSigningAlg: noneIfDefault(options.tokenEndpointAuthSigningAlg),
  };
}

function flag(name: string, what: string): Option[] {
  return [new Option(`--${name}`, what), new Option(`--no-${name}`, 'not so')];
}

function choice(name: string, what: string, choices: readonly string[]): Option {
  const known = [...choices, 'default'];
  return new Option(`--${name} <name>`, `${what}: ${known.join(', ')}`).argParser((value: string) => {
    if (known.includes(value)) return value;
    throw new InvalidArgumentError(`Give one of ${known.join(', ')}.`);
  });
}

function maxAge(value: string): number | 'default' {
  if (value === 'default') return value;
  const seconds = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (seconds <= 2_147_483_647) return seconds;
  throw new InvalidArgumentError('Give a whole number of seconds from 0 to 2147483647, or "default".');
}
