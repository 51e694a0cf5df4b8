import { createRequire } from 'node:module';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { refuseForReason } from '../../core/options/index.js';
import { keepConnected, outliveSecondErrors, release, rememberConnectionError } from '../../core/reconnect.js';
import { type RedisClient as HostRedisClient, redisOption } from '../../core/redis-client.js';
import { redisAddress } from '../../core/redis-url.js';

/** A connection of ioredis: to a single Redis, one behind Sentinel, or a Redis Cluster. */
export type RedisClient = Redis | Cluster;

/** The cache's own connections, independent of what the host does with its client. */
export interface RedisConnections {
  /** For commands. It reconnects forever, and rejects immediately while it is not connected. */
  readonly commands: RedisClient;
  /** The key prefix that the host's client had; the cache's own clients have none. */
  readonly hostPrefix: string;
  /**
   * Opens a connection for subscribing to the server that publishes with `anchor` as the key of the script. It does not
   * reconnect, because its end indicates that messages may have been missed.
   */
  openSubscriber(anchor: string): Promise<Redis>;
}

export interface ConnectionSettings {
  /** When a command without an answer counts as failed. */
  readonly commandTimeoutMilliseconds: number;
}

/**
 * Opens the cache's connections beside the host's client, or from a URL.
 *
 * @throws ConfigurationError if the value is neither, or ioredis is not installed
 */
export function connectRedis(redis: string | HostRedisClient, settings: ConnectionSettings): RedisConnections {
  const host = hostClient(redis);
  return host.isCluster ? connectCluster(host as Cluster, settings) : connectSingle(host as Redis, settings);
}

/** @throws ConfigurationError if the value is not a Redis, or ioredis is not installed; opens nothing */
export function checkRedisSource(redis: string | HostRedisClient): void {
  hostClient(redis);
}

function hostClient(redis: string | HostRedisClient): RedisClient {
  redisOption('redis', redis);
  return typeof redis === 'string' ? clientFromUrl(redis) : (redis as unknown as RedisClient);
}

/** Grows to one second and stays there. */
function reconnectDelay(attempts: number): number {
  return Math.min(50 * attempts, 1000);
}

/** The options of all connections for commands: no command outlives its connection or its moment. */
function commandOptions(settings: ConnectionSettings): RedisOptions {
  return {
    keyPrefix: '',
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: settings.commandTimeoutMilliseconds,
    socketTimeout: SILENCE_MILLISECONDS,
    // A server that became a replica accepts no writes: reconnect to the present master.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

function subscriberOptions(): RedisOptions {
  return {
    keyPrefix: '',
    failoverDetector: true,
    lazyConnect: false,
    readOnly: false,
    enableOfflineQueue: true,
    enableAutoPipelining: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    retryStrategy: () => null,
    reconnectOnError: null,
    commandTimeout: SUBSCRIBE_MILLISECONDS,
    socketTimeout: undefined,
    disconnectTimeout: DISCONNECT_MILLISECONDS,
  };
}

/** When a connection that owes an answer counts as dead and is reopened. */
const SILENCE_MILLISECONDS = 3_000;

/** How long connecting and subscribing may take together. */
const SUBSCRIBE_MILLISECONDS = 5_000;

/** How long a connection may take to close properly before it is cut. */
const DISCONNECT_MILLISECONDS = 200;

function connectSingle(host: Redis, settings: ConnectionSettings): RedisConnections {
  const commands = host.duplicate({
    ...commandOptions(settings),
    lazyConnect: false,
    readOnly: false,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    // These carry what many requests ask already. A pipeline costs more than such a call, and waits for the one before it.
    autoPipeliningIgnoredCommands: ['tokenCacheRead', 'tokenCacheFill'],
    // A message of Sentinel announces the new master; the connection to the old one may stay open.
    failoverDetector: true,
    retryStrategy: reconnectDelay,
    disconnectTimeout: DISCONNECT_MILLISECONDS,
  });
  rememberConnectionError(commands);
  keepConnected(commands);
  return {
    commands,
    hostPrefix: host.options.keyPrefix ?? '',
    async openSubscriber() {
      return listening(host.duplicate(subscriberOptions()));
    },
  };
}

function connectCluster(host: Cluster, settings: ConnectionSettings): RedisConnections {
  const commands = host.duplicate([], {
    keyPrefix: '',
    lazyConnect: false,
    scaleReads: 'master',
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    clusterRetryStrategy: reconnectDelay,
    redisOptions: commandOptions(settings),
  });
  rememberConnectionError(commands);
  return {
    commands,
    hostPrefix: host.options.keyPrefix ?? '',
    async openSubscriber(anchor) {
      const slot = Number(await commands.cluster('KEYSLOT', anchor));
      const address = commands.slots[slot]?.[0];
      const master = commands.nodes('master').find(({ options }) => `${options.host}:${options.port}` === address);
      if (master === undefined) throw new Error(`no master is known for slot ${slot}`);
      return listening(master.duplicate(subscriberOptions()));
    },
  };
}

/**
 * ioredis prints errors of a client without a listener to the console; the end of the connection is handled elsewhere.
 */
function listening(client: Redis): Redis {
  client.on('error', ignore);
  outliveSecondErrors(client);
  return client;
}

function ignore(): void {}

/** Disconnects, and waits for the end for a limited time. */
export function disconnect(client: RedisClient): Promise<void> {
  release(client);
  return new Promise((resolve) => {
    // A client that waits to reconnect has nothing to close and emits no event.
    const timer = setTimeout(resolve, 5 * DISCONNECT_MILLISECONDS);
    timer.unref();
    (client as Redis).once('end', () => {
      clearTimeout(timer);
      resolve();
    });
    client.disconnect();
    if (client.status === 'reconnecting' || client.status === 'end') resolve();
  });
}

/** A client that never connects; only its options are used. */
function clientFromUrl(url: string): Redis {
  const { url: address, tls } = redisAddress('redis', url);
  return new (ioredis(url).Redis)(address, { lazyConnect: true, ...(tls !== undefined && { tls }) });
}

function ioredis(url: string): typeof import('ioredis') {
  try {
    return createRequire(import.meta.url)('ioredis') as typeof import('ioredis');
  } catch (error) {
    refuseForReason('redis', url, error, 'a Redis URL needs the package ioredis: npm install ioredis');
  }
}
