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
