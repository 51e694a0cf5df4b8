import { choiceOption, entriesOption, hostPath, knownOptions, refuseOption } from '../../core/options/index.js';
import type { ScopeName } from '../../core/register.js';
import { canonicalResource, isResourceIdentifier } from '../../core/resource-identifier.js';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../keys/key-pair.js';
import { KEYS_PUBLISH_SECONDS } from '../keys/signing-keys.js';
import { pathOf, readScopes, seconds } from './option-checks.js';

/** A resource server that tokens can be issued for (RFC 8707). */
export interface ResourceOptions {
  /** The scopes that apply there. */
  readonly scopes: readonly ScopeName[];
  /** Default: `accessTokenLifetimeSeconds`; for JWTs 300, since a resource server that asks nobody accepts them until then. */
  readonly accessTokenLifetimeSeconds?: number | undefined;
  /**
   * The form of its access tokens. Default `opaque`. `jwt`: signed JWTs (RFC 9068), which other resource servers can verify
   * without asking here. Both are stored, revoked and introspected alike.
   */
  readonly accessTokens?: 'opaque' | 'jwt' | undefined;
  /** What JWTs are signed with. Default `RS256`, which every resource server knows (RFC 9068 §2.1). */
  readonly accessTokenAlgorithm?: SigningAlgorithm | undefined;
}

/** The options of a resource server, complete. */
export interface ResourceSettings {
  readonly scopes: readonly string[];
  readonly accessTokenLifetimeSeconds: number | undefined;
  readonly accessTokens: 'opaque' | 'jwt';
  readonly accessTokenAlgorithm: SigningAlgorithm;
}

/** How long a resource server may accept a JWT that was revoked, unless the options say otherwise; in seconds. */
const JWT_LIFETIME_SECONDS = 300;

const RESOURCE_NAMES = ['scopes', 'accessTokenLifetimeSeconds', 'accessTokens', 'accessTokenAlgorithm'] as const;

/**
 * Reads the option `resources`.
 *
 * @throws ConfigurationError
 */
export function readResources(resources: unknown): ReadonlyMap<string, ResourceSettings> {
  const read = new Map<string, ResourceSettings>();
  for (const [identifier, value] of entriesOption(pathOf('resources'), resources)) {
    const name = hostPath('resources', identifier);
    if (!isResourceIdentifier(identifier)) {
      refuseOption(pathOf(name), value, 'its name must be an absolute URI without a fragment (RFC 8707 §2)');
    }
    const resource = knownOptions<ResourceOptions>(pathOf(name), value, RESOURCE_NAMES);
    const { accessTokens = 'opaque', accessTokenAlgorithm = 'RS256' } = resource;
    read.set(identifier, {
      scopes: readScopes(pathOf(`${name}.scopes`), resource.scopes),
      accessTokenLifetimeSeconds: readLifetime(`${name}.accessTokenLifetimeSeconds`, resource, accessTokens === 'jwt'),
      accessTokens: choiceOption(pathOf(`${name}.accessTokens`), accessTokens, ['opaque', 'jwt']),
      accessTokenAlgorithm: choiceOption(
        pathOf(`${name}.accessTokenAlgorithm`),
        accessTokenAlgorithm,
        SIGNING_ALGORITHMS,
      ),
    });
  }
  return read;
}

/** @throws ConfigurationError */
export function readDefaultResource(given: unknown): string | undefined {
  if (given === undefined || isResourceIdentifier(given)) return given;
  refuseOption(pathOf('defaultResource'), given, 'give an absolute URI without a fragment (RFC 8707 §2)');
}

/**
 * The default resource, as it is known: `resources` and the resource of `createOAuth2` spell a bare origin with or
 * without a slash.
 *
 * @param own the resource that `createOAuth2` guards
 * @throws ConfigurationError if it is not known
 */
export function knownDefaultResource(
  {
    defaultResource: given,
    resources,
  }: { readonly defaultResource: string | undefined; readonly resources: ReadonlyMap<string, ResourceSettings> },
  own: string | undefined,
): string | undefined {
  if (given === undefined) return undefined;
  const known = [...resources.keys(), ...(own === undefined ? [] : [own])];
  const canonical = canonicalResource(given);
  const found = known.find((one) => canonicalResource(one) === canonical);
  return found ?? refuseOption(pathOf('defaultResource'), given, 'name it in resources too, or in the option resource');
}

/** The lifetime of the access tokens, in seconds; `undefined`: that of others. */
function readLifetime(
  name: string,
  { accessTokenLifetimeSeconds: given }: ResourceOptions,
  isJwt: boolean,
): number | undefined {
  if (given === undefined) return isJwt ? JWT_LIFETIME_SECONDS : undefined;
  const lifetime = seconds(name, given, 0);
  if (!isJwt || lifetime <= KEYS_PUBLISH_SECONDS) return lifetime;
  refuseOption(
    pathOf(name),
    lifetime,
    `a JWT lives ${KEYS_PUBLISH_SECONDS} seconds at most, as long as its key is published`,
    {
      number: true,
    },
  );
}
