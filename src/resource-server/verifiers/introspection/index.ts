import { VERIFIER, type VerifierDependencies, type VerifierFactory } from '../verifier.js';
import { boundedFetch } from './bounded-fetch.js';
import { EndpointCalls } from './endpoint-calls.js';
import { IntrospectionEndpoint } from './introspection-endpoint.js';
import {
  INTROSPECTED_TOKENS,
  type IntrospectedTokensOptions,
  type IntrospectionSettings,
  readIntrospectionOptions,
} from './introspection-options.js';
import { IntrospectionVerifier } from './introspection-verifier.js';
import { loadOAuth, requireOAuth } from './oauth4webapi.js';

export type { AssertionAlgorithm, PrivateKey } from './client-key.js';
export type {
  AnswerAlgorithm,
  ClientAuthenticationMethod,
  IntrospectedTokensOptions,
  SignedAnswerOptions,
} from './introspection-options.js';

/**
 * Accepts the tokens of another authorization server, by introspection (RFC 7662).
 *
 * An answer that accepts a token is used for `cacheSeconds` (default 60); a revocation there takes effect here after at
 * most that time. If there is no answer within `timeoutMilliseconds` (default 2000), the request gets 503. The user of
 * a token is identified by (`issuer`, `sub`), and is not a user of the host unless the option `user` maps it to one.
 *
 * @throws ConfigurationError if an option is not known, missing or out of its range, or the package oauth4webapi is not
 *   installed
 *
 * @example
 * ```ts
 * import { createOAuth2, introspectedTokens } from 'routing-controllers-oauth2';
 *
 * const issuer = 'https://login.example.com';
 * export const configured = (clientSecret: string) =>
 *   createOAuth2({
 *     database: ':memory:',
 *     resource: 'https://api.example.com',
 *     verifiers: [introspectedTokens({ issuer, clientId: 'books-api', clientSecret })],
 *   });
 * ```
 */
export function introspectedTokens(options: IntrospectedTokensOptions): VerifierFactory {
  const settings = readIntrospectionOptions(options);
  requireOAuth(INTROSPECTED_TOKENS);
  return { [VERIFIER]: (dependencies) => createVerifier(settings, dependencies) };
}

function createVerifier(settings: IntrospectionSettings, dependencies: VerifierDependencies): IntrospectionVerifier {
  const { clock, logger, log, users, resource, observation } = dependencies;
  const { clientId, credential, timeoutMilliseconds, concurrency, authority } = settings;
  return new IntrospectionVerifier({
    settings,
    rules: {
      issuer: settings.issuer,
      audience: settings.audience ?? (resource === undefined ? undefined : [resource]),
      requireAudience: settings.requireAudience ?? dependencies.requireAudience,
      subject: settings.subject,
      requireTokenType: settings.requireTokenType,
      clockSkewSeconds: settings.clockSkewSeconds,
      lifetimeSeconds: settings.cacheSeconds,
    },
    endpoint: new IntrospectionEndpoint(
      settings,
      loadOAuth(),
      boundedFetch({ timeoutMilliseconds, connections: concurrency }),
    ),
    calls: new EndpointCalls({
      name: `The introspection endpoint of ${new URL(authority).host}`,
      timeoutMilliseconds,
      concurrency,
      clock,
      logger,
      credentialsHint: `check ${INTROSPECTED_TOKENS}.clientId (${JSON.stringify(clientId)}), its ${
        credential.method === 'private_key_jwt' ? 'key' : 'secret'
      }, and whether it may introspect`,
    }),
    users,
    clock,
    log,
    observation,
  });
}
