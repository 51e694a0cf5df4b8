import { refuseOption } from '../../../core/options/index.js';
import { requireJose } from '../../jose.js';
import { fetchJson } from '../fetch-json.js';
import { VERIFIER, type VerifierDependencies, type VerifierFactory } from '../verifier.js';
import { discoverKeys } from './issuer-metadata.js';
import { type JwtTokensOptions, type JwtTokensSettings, readJwtTokensOptions } from './jwt-options.js';
import { JwtVerifier } from './jwt-verifier.js';
import { type PublicJwk, readKeySet } from './key-set.js';
import { fixedKeys, type KeySource, RemoteKeys } from './key-source.js';
import { observedFetch } from './observed-fetch.js';
import { Signatures } from './signatures.js';

/** Enough for a hundred keys with their certificates. */
const MAXIMUM_KEY_SET_BYTES = 512 * 1024;

/**
 * Accepts JWT access tokens (RFC 9068) of an issuer.
 *
 * A token is valid until its `exp`, as long as its issuer publishes the key: only its issuer could revoke it, and the
 * issuer is not asked. Its user is identified by (`iss`, `sub`), and is not a user of the host unless the option `user`
 * maps it to one.
 *
 * @example
 * ```ts
 * import { createOAuth2, databaseTokens, jwtTokens } from 'routing-controllers-oauth2';
 *
 * export const oauth2 = createOAuth2({
 *   database: ':memory:',
 *   resource: 'https://api.example.com',
 *   verifiers: [jwtTokens({ issuer: 'https://login.example.com' }), databaseTokens()],
 * });
 * ```
 *
 * @throws ConfigurationError if an option is not known, missing or out of its range, or the package jose is not
 *   installed
 */
export function jwtTokens(options: JwtTokensOptions): VerifierFactory {
  const settings = readJwtTokensOptions('jwtTokens', options);
  requireJose('jwtTokens');
  return { [VERIFIER]: (dependencies) => createVerifier(settings, dependencies) };
}

function createVerifier(settings: JwtTokensSettings, dependencies: VerifierDependencies): JwtVerifier {
  const { path, resource, clock, log, users, observation } = dependencies;
  const audience = settings.audience ?? (resource === undefined ? undefined : new Set([resource]));
  if (audience === undefined) {
    // RFC 9068 §4: a token for another resource must be refused.
    refuseOption(`${path}.audience`, undefined, 'name this resource here, or by the option resource');
  }
  return new JwtVerifier({
    settings,
    audience,
    keys: keySource(settings, dependencies),
    clock,
    log,
    users,
    observation,
  });
}

function keySource(
  settings: JwtTokensSettings,
  { clock, log, observation }: VerifierDependencies,
): KeySource<Signatures> {
  const prepare = (keys: readonly PublicJwk[]) => new Signatures(keys, settings.algorithms);
  if (settings.keys !== undefined) return fixedKeys(prepare(settings.keys));
  const kind = `keys of ${settings.issuer}`;
  return new RemoteKeys({
    fetch: observedFetch(
      settings.issuer,
      observation,
      clock,
      keyFetch(settings, (problem) => log.warn(kind, `The ${kind}: ${problem}.`)),
    ),
    prepare,
    clock,
    reloadMilliseconds: settings.keysReloadSeconds * 1000,
    cooldownMilliseconds: settings.keysCooldownSeconds * 1000,
    maximumAgeMilliseconds: settings.keysMaxAgeSeconds * 1000,
    report: (change) => {
      if (change === 'recovered') log.info(kind, `The ${kind} can be fetched again.`);
      else log.warn(kind, () => describeFailure(kind, change));
    },
  });
}

function describeFailure(
  kind: string,
  { error, hasKeys }: { readonly error: unknown; readonly hasKeys: boolean },
): string {
  const effect = hasKeys ? 'the present ones stay in use' : 'requests with its tokens get 503';
  return `The ${kind} cannot be fetched, ${effect}: ${(error as Error).message}`;
}

/** Fetches the keys from the address in the options or the metadata; after a failure the metadata is read again. */
function keyFetch(settings: JwtTokensSettings, warn: (problem: string) => void): () => Promise<readonly PublicJwk[]> {
  const { issuer, allowHttpOnLoopback, timeoutMilliseconds, fetch } = settings;
  let url = settings.jwksUri;
  return async () => {
    const signal = AbortSignal.timeout(timeoutMilliseconds);
    try {
      url ??= await discoverKeys(issuer, { signal, fetch }, allowHttpOnLoopback);
      const accept = 'application/jwk-set+json, application/json';
      const document = await fetchJson(url, { signal, fetch, accept, maximumBytes: MAXIMUM_KEY_SET_BYTES });
      const read = readKeySet(document);
      if (read === undefined) throw new Error(`${url} is not a key set, or has too many keys`);
      for (const problem of read.problems) warn(`${problem}; it is left out`);
      return read.keys;
    } catch (error) {
      url = settings.jwksUri;
      throw error;
    }
  };
}
