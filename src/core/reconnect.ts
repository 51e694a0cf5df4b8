import { reasonOf } from './logged-failure.js';
import { printable } from './printable.js';

/** The part of an ioredis client that is needed to reconnect it. */
interface Connectable {
  on(event: 'end', listener: () => void): unknown;
  connect(): Promise<unknown>;
}

const PAUSE_MILLISECONDS = 50;

const released = new WeakSet<Connectable>();

/**
 * Reconnects a client whenever it gives up, until it is released.
 *
 * With a retry strategy ioredis reconnects forever, with one exception: if Sentinel announces a new master while the
 * client is asking for it, ioredis treats the attempt as closed by the user and makes no other.
 */
export function keepConnected(client: Connectable): void {
  client.on('end', () => {
    const timer = setTimeout(() => {
      if (!released.has(client)) client.connect().catch(() => {});
    }, PAUSE_MILLISECONDS);
    timer.unref();
  });
}

/** Stops reconnecting a client; to be called before the client is disconnected. */
export function release(client: Connectable): void {
  released.add(client);
}

/** The part of a Redis client that reports why it is not connected. */
interface ErrorSource {
  on(event: 'connecting' | 'error' | 'ready' | '+node', listener: (value?: unknown) => void): unknown;
}

const connectionErrors = new WeakMap<ErrorSource, unknown>();
/** Of a Cluster: why the last of its nodes could not be connected to. */
const nodeErrors = new WeakMap<ErrorSource, unknown>();

/**
 * Remembers why the last attempt to connect failed until one succeeds: the password was refused, the certificate is not
 * trusted, the connection was refused. Without a listener ioredis prints each failure to the console.
 */
export function rememberConnectionError(client: ErrorSource): void {
  client.on('error', (error) => {
    connectionErrors.set(client, error);
    outliveSecondError(client);
  });
  outliveSecondErrors(client);
  client.on('+node', (node) => {
    (node as ErrorSource).on('error', (error) => {
      nodeErrors.set(client, error);
      outliveSecondError(node);
    });
    outliveSecondErrors(node as ErrorSource);
  });
  client.on('ready', () => {
    connectionErrors.delete(client);
    nodeErrors.delete(client);
  });
}

/**
 * ioredis listens to the first error of a socket only. A socket of TLS whose server was not trusted may report what the
 * server says about that as a second one, and without a listener the process would end. Of a Cluster, ask for each of its nodes.
 */
export function outliveSecondErrors(client: ErrorSource): void {
  // By then there is the socket, unless Sentinel is asked before, and nothing has arrived on it yet: the second error may come
  // before ioredis tells of the first.
  client.on('connecting', () => setImmediate(outliveSecondError, client));
}

function outliveSecondError(client: unknown): void {
  const { stream } = client as { readonly stream?: { on?(event: 'error', listener: () => void): unknown } };
  stream?.on?.('error', () => {});
}

/** Why a client is not connected, if that is known. */
export function connectionErrorOf(client: ErrorSource): string | undefined {
  const error = connectionErrors.get(client);
  if (error === undefined) return undefined;
  // A Cluster reports that it found no node, perhaps with the error of one: that it is closed.
  const { lastNodeError } = error as { readonly lastNodeError?: unknown };
  return printable(reasonOf(nodeErrors.get(client) ?? lastNodeError ?? error));
}

/** The error of a call through a client that is not connected, including why its last attempt failed. */
export function notConnected(client: ErrorSource): Error {
  const reason = connectionErrorOf(client);
  return new Error(reason === undefined ? 'not connected to Redis' : `not connected to Redis: ${reason}`);
}

/** The part of a Redis client that reports how its first attempt to connect ends. */
interface Starting {
  readonly status: string;
  once(event: 'ready' | 'error' | 'close' | 'end', listener: () => void): unknown;
}

/** Resolves when a client is connected, or when its first attempt has failed. */
export function firstAttempt(client: Starting): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  return new Promise((resolve) => {
    for (const event of ['ready', 'error', 'close', 'end'] as const) client.once(event, () => resolve());
  });
}
