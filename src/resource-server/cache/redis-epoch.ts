import type { Logger } from '../../core/logger.js';
import type { RedisClient } from './redis-connections.js';

/** For several servers behind one client, and for servers that do not reveal their epoch. */
const UNBOUND = 'any';

/**
 * The run of the server that the command connection is connected to: its `run_id`, which changes with every start.
 *
 * Entries are bound to it, so that those restored by an old snapshot or a promoted replica are never read: with the old
 * run, not only data was lost but also the invalidations that followed. In a Redis Cluster, and where `INFO` is
 * forbidden, entries are not bound.
 */
export class ServerEpoch {
  private readonly client: RedisClient;
  private readonly logger: Logger;
  private known: string | undefined;
  private connection = 0;
  private asking = false;

  constructor(client: RedisClient, logger: Logger) {
    this.client = client;
    this.logger = logger;
    if (client.isCluster) {
      this.known = UNBOUND;
      return;
    }
    client.on('close', () => this.forget());
    client.on('ready', () => this.renew());
  }

  /** The epoch of the present connection; `undefined` until it is known. */
  get current(): string | undefined {
    return this.known;
  }

  /** Asks again if the last answer is missing. */
  retry(): void {
    if (this.known === undefined && !this.asking && this.client.status === 'ready') this.renew();
  }

  private renew(): void {
    this.forget();
    this.asking = true;
    const connection = this.connection;
    this.client
      .info('server')
      .then(runId, (error: unknown) => this.withoutInfo(error))
      .then((epoch) => {
        if (connection === this.connection) this.known = epoch;
      })
      .finally(() => {
        if (connection === this.connection) this.asking = false;
      });
  }

  private forget(): void {
    this.known = undefined;
    this.asking = false;
    this.connection += 1;
  }

  private withoutInfo(error: unknown): string | undefined {
    const message = error instanceof Error ? error.message : '';
    if (!/^NOPERM|^ERR unknown command/i.test(message)) return undefined;
    this.logger.warn(
      'Token cache: Redis does not allow INFO, so entries restored from an old snapshot are trusted until maxAgeSeconds are over.',
    );
    return UNBOUND;
  }
}

function runId(info: string): string {
  return /^run_id:([0-9a-z]+)/im.exec(info)?.[1] ?? UNBOUND;
}
