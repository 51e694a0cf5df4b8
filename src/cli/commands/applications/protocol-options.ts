import { InvalidArgumentError, Option } from 'commander';
import {
  CLIENT_ASSERTION_ALGORITHMS,
  ID_TOKEN_ALGORITHMS,
  type ProtocolMetadata,
  SECRET_METHODS,
} from '../../../storage/models/protocol-metadata.js';
import { noneIfDefault } from './lifetime-options.js';

/** What commander makes of the options about the protocol. */
export interface ProtocolOptions {
  readonly dpopBoundAccessTokens?: boolean;
  readonly requirePushedAuthorizationRequests?: boolean;
  readonly requireAuthTime?: boolean;
  readonly defaultMaxAge?: number | 'default';
  readonly idTokenAlg?: ProtocolMetadata['idTokenSignedResponseAlg'] | 'default';
  readonly tokenEndpointAuthMethod?: ProtocolMetadata['tokenEndpointAuthMethod'] | 'default';
  readonly tokenEndpointAuthSigningAlg?: ProtocolMetadata['tokenEndpointAuthSigningAlg'] | 'default';
}

/** The options that say how the protocol treats an application that exists. */
export function protocolOptions(): Option[] {
  return [
    ...flag('dpop-bound-access-tokens', 'it gets access tokens only bound to a key (RFC 9449 §5.2)'),
    ...flag('require-pushed-authorization-requests', 'its authorization requests are taken only by PAR (RFC 9126 §6)'),
    ...flag('require-auth-time', 'its ID tokens always have auth_time'),
    new Option('--default-max-age <seconds>', 'max_age of requests that name none; "default" for none').argParser(
      maxAge,
    ),
    choice('id-token-alg', 'algorithm of its ID tokens', ID_TOKEN_ALGORITHMS),
    choice('token-endpoint-auth-method', 'how it means to send its secret', SECRET_METHODS),
    choice('token-endpoint-auth-signing-alg', 'the only algorithm of its assertions', CLIENT_ASSERTION_ALGORITHMS),
  ];
}

/** What was given, in the words of the storage. */
export function protocolOf(options: ProtocolOptions): ProtocolMetadata {
  return {
    dpopBoundAccessTokens: options.dpopBoundAccessTokens,
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
