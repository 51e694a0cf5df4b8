import { reasonOf } from './logged-failure.js';
import { printable } from './printable.js';

/** What of a Redis client of ioredis is needed to connect it again. */
interface Connectable {
  on(event: 'end', listener: () => void): unknown;
  connect(): Promise<unknown>;
}

const PAUSE_MILLISECONDS = 50;

const released = new WeakSet<Connectable>();

/**
 * Connects a client again each time that it gives up, until it is released.
 *
 * With a strategy for retrying, ioredis reconnects for ever, but for one case: when Sentinel tells of a new master while
 * the client is asking for it, the attempt counts as closed by its own user, and no other follows.
 */
export function keepConnected(client: Connectable): void {
  client.on('end', () => {
    const timer = setTimeout(() => {
      if (!released.has(client)) client.connect().catch(() => {});
    }, PAUSE_MILLISECONDS);
    timer.unref();
  });
}

/** From now on a client may end: to be called before it is disconnected. */
export function release(client: Connectable): void {
  released.add(client);
}

/** What of a Redis client tells why it is not connected. */
interface Troubled {
  on(event: 'error' | 'ready', listener: (error?: unknown) => void): unknown;
}

const troubles = new WeakMap<Troubled, unknown>();

/**
 * Remembers why the last attempt to connect failed, until one succeeds: the server refuses the password, the
 * certificate is not trusted, nobody listens. Without a listener ioredis writes each failure to the console.
 */
export function rememberTrouble(client: Troubled): void {
  client.on('error', (error) => troubles.set(client, error));
  client.on('ready', () => troubles.delete(client));
}

/** Why a client is not connected, as far as that is known. */
export function troubleOf(client: Troubled): string | undefined {
  const error = troubles.get(client);
  if (error === undefined) return undefined;
  // A Cluster says that it found no node; what a node said stands behind it.
  const { lastNodeError } = error as { readonly lastNodeError?: unknown };
  const reason = reasonOf(lastNodeError ?? error);
  return printable(reason);
}

/** What is thrown where a client is not connected, with the reason of its last attempt. */
export function notConnected(client: Troubled): Error {
  const trouble = troubleOf(client);
  return new Error(trouble === undefined ? 'not connected to Redis' : `not connected to Redis: ${trouble}`);
}

/** What of a Redis client tells how its first attempt to connect ends. */
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
