import { createRequire } from 'node:module';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { optionPath, refuseForReason } from '../../../core/options/index.js';
import {
  connectionErrorOf,
  firstAttempt,
  keepConnected,
  release,
  rememberConnectionError,
} from '../../../core/reconnect.js';
import { type RedisClient, redisOption } from '../../../core/redis-client.js';
import { redisAddress } from '../../../core/redis-url.js';
import { StoreAwayError } from '../../store-errors.js';

/**
 * How long a socket may stay silent while an answer is due before it is replaced. Longer than any deadline: a late
 * decision can still be undone, unless its socket is gone.
 */
const SILENCE_MILLISECONDS = 3000;
const MAXIMUM_RECONNECT_DELAY_MILLISECONDS = 1000;
/** How long closing waits for the answers. */
const CLOSING_MILLISECONDS = 500;

/**
 * Nothing is queued in the client: what cannot be sent now fails now, and nothing is sent twice. Commands have no
 * time-out of their own: the throttle has its deadline, and a silent socket is replaced as a whole.
 */
const NO_QUEUES = {
  commandTimeout: undefined,
  stringNumbers: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  socketTimeout: SILENCE_MILLISECONDS,
  connectTimeout: SILENCE_MILLISECONDS,
  // After a failover the old master answers READONLY.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} satisfies Partial<RedisOptions>;

const reconnectDelay = (attempt: number) => Math.min(attempt * 50, MAXIMUM_RECONNECT_DELAY_MILLISECONDS);

/**
 * Opens the engine's own connection: from a URL, or with the address and credentials of the host's client.
 *
 * @throws ConfigurationError if it is not a Redis URL, or ioredis is not installed
 */
export function openRedis(redis: string | RedisClient, engine: string): Redis | Cluster {
  redisOption(optionPath(engine, 'redis'), redis);
  const client = typeof redis === 'string' ? connectTo(redis, engine) : duplicate(redis as unknown as Redis | Cluster);
  rememberConnectionError(client);
  if (isCluster(client)) connectNodesEarly(client);
  else keepConnected(client);
  return client;
}

/** The error of a call through a client that is not connected, including why its last attempt failed. */
export function away(client: Redis | Cluster): StoreAwayError {
  const reason = connectionErrorOf(client);
  return new StoreAwayError(reason === undefined ? 'Redis is not connected.' : `Redis is not connected: ${reason}`);
}

/** Whether a client is connected to a Redis Cluster. */
export function isCluster(client: Redis | Cluster): client is Cluster {
  return client.isCluster;
}

function connectTo(url: string, engine: string): Redis {
  let ioredis: typeof import('ioredis');
  try {
    ioredis = createRequire(import.meta.url)('ioredis') as typeof import('ioredis');
  } catch (error) {
    refuseForReason(
      optionPath(engine, 'redis'),
      url,
      error,
      'a Redis URL needs the package ioredis: npm install ioredis',
    );
  }
  const { url: address, tls } = redisAddress(optionPath(engine, 'redis'), url);
  return new ioredis.Redis(address, { ...standalone(), ...(tls !== undefined && { tls }) });
}

function standalone(): RedisOptions {
  return { ...NO_QUEUES, enableOfflineQueue: false, enableAutoPipelining: true, retryStrategy: reconnectDelay };
}

function duplicate(redis: Redis | Cluster): Redis | Cluster {
  if (!isCluster(redis)) {
    return redis.duplicate({
      ...standalone(),
      lazyConnect: false,
      autoPipeliningIgnoredCommands: [],
      // The old master may go on answering for many seconds, and what it counts then is lost.
      failoverDetector: true,
    });
  }
  return redis.duplicate([], {
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    autoPipeliningIgnoredCommands: [],
    lazyConnect: false,
    scaleReads: 'master',
    // No delayed retries by the client: they would count after the caller has left.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    clusterRetryStrategy: reconnectDelay,
    redisOptions: NO_QUEUES,
  });
}

/**
 * By default a Cluster client connects to a node at its first command, and refuses others until then. Nodes are
 * connected once the client is ready, because its own check would be refused before.
 */
function connectNodesEarly(cluster: Cluster): void {
  const connect = (node: Redis) => {
    if (cluster.status === 'ready' && node.status === 'wait') node.connect().catch(() => {});
  };
  cluster.on('+node', connect);
  cluster.on('ready', () => cluster.nodes('master').forEach(connect));
}

const refreshing = new WeakMap<Cluster, Promise<void>>();

/**
 * Sends a command, and repeats it if the node answers that the key has moved and the command was not carried out. A
 * Cluster client does so itself, except if several commands are sent together and only some of the keys have moved.
 */
export async function followingMoves<Answer>(client: Redis | Cluster, send: () => Promise<Answer>): Promise<Answer> {
  if (!isCluster(client)) return send();
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('MOVED ')) throw error;
    let refreshed = refreshing.get(client);
    if (refreshed === undefined) {
      refreshed = new Promise<void>((resolve) => client.refreshSlotsCache(() => resolve()));
      refreshing.set(client, refreshed);
      void refreshed.then(() => refreshing.delete(client));
    }
    await refreshed;
    return send();
  }
}

/** Resolves when the connection is open, on a Cluster to every master, or when its first attempt has failed. */
export async function firstConnection(client: Redis | Cluster): Promise<void> {
  await firstAttempt(client);
  if (isCluster(client)) await Promise.all(client.nodes('master').map(firstAttempt));
}

/** Closes a connection after pending commands were answered, unless the server does not answer. */
export async function closeRedis(client: Redis | Cluster): Promise<void> {
  release(client);
  if (client.status === 'ready') {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, CLOSING_MILLISECONDS);
    });
    await Promise.race([client.quit().catch(() => {}), timeout]);
    clearTimeout(timer);
  }
  client.disconnect();
}
