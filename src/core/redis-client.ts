import { objectWith, refuseOption } from './options/index.js';
import { redisAddress } from './redis-url.js';

/**
 * The members of an ioredis client (version 5 or 6; single, behind Sentinel, or a Cluster) that are used here. Declared
 * here so that applications without Redis do not need the types of ioredis. The client is only duplicated, never used
 * itself.
 */
export interface RedisClient {
  /** Whether it is a client of a Redis Cluster. */
  readonly isCluster: boolean;
  /** The options that it was made with. */
  readonly options: object;
  /** Makes another client with the same options, and others where given. */
  duplicate(...overrides: never[]): unknown;
  /** Adds a command that is a Lua script. */
  defineCommand(name: string, definition: never): unknown;
}

const FIX = "give a Redis URL or a client of ioredis, e.g. 'redis://host:6379' or 'rediss://host:6379'";

/**
 * @throws ConfigurationError unless the value is the URL of a Redis, or a client of ioredis, or if what it says of TLS
 *   would be without effect
 */
export function redisOption(path: string, value: unknown): void {
  if (typeof value !== 'string') {
    objectWith(path, value, ['duplicate', 'defineCommand'], FIX);
    refuseHalfTls(path, value as RedisClient);
    refuseHalfTlsOfNodes(path, value as RedisClient);
  } else if (!/^rediss?:\/\/./i.test(value) || !URL.canParse(value)) {
    refuseOption(path, value, FIX);
  } else {
    redisAddress(path, value);
  }
}

/** Behind Sentinel, ioredis connects to the master in plain text if there is only one of the two options that ask for TLS. */
function refuseHalfTls(path: string, client: RedisClient): void {
  const { sentinels, tls, enableTLSForSentinelMode } = (client.options ?? {}) as Readonly<Record<string, unknown>>;
  if (!sentinels || Boolean(tls) === (enableTLSForSentinelMode === true)) return;
  refuseOption(
    path,
    client,
    'ioredis would connect to the master in plain text; set both tls and enableTLSForSentinelMode: true, and sentinelTLS for the Sentinels',
  );
}

/**
 * A Cluster client takes no notice of the scheme of a node's URL, so it would send the password in plain text; and the TLS of a
 * node applies to none of the others, which it learns of from that one.
 */
function refuseHalfTlsOfNodes(path: string, client: RedisClient): void {
  const { redisOptions } = (client.options ?? {}) as { readonly redisOptions?: { readonly tls?: unknown } };
  const { startupNodes } = client as { readonly startupNodes?: unknown };
  if (redisOptions?.tls || !Array.isArray(startupNodes) || !startupNodes.some(asksForTls)) return;
  refuseOption(
    path,
    client,
    'one of its nodes asks for TLS, but ioredis would connect to nodes in plain text; set redisOptions: { tls: {} } too',
  );
}

function asksForTls(node: unknown): boolean {
  if (typeof node === 'string') return /^rediss:/i.test(node);
  return Boolean((node as { readonly tls?: unknown } | null)?.tls);
}
