import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import { isTokenExpired } from '../../core/verified-token.js';
import { withDeadline } from './deadline.js';
import type { MessageAuthenticator } from './message-authenticator.js';
import type { RedisClient } from './redis-connections.js';
import type { ServerEpoch } from './redis-epoch.js';
import type { InvalidationMarks } from './redis-marks.js';
import type { TokenScripts } from './redis-scripts.js';
import { readStoredToken, STORED_TOKEN_VERSION, type StoredToken, writeStoredToken } from './token-json.js';

/** The right to fill one entry, once. It ends with any invalidation of the token, and after a few seconds. */
export interface Ticket {
  readonly key: string;
  readonly field: string;
  readonly text: string;
}

/** A ticket that was taken, with what its entry will carry. */
export interface TakenTicket extends Ticket {
  /** The number of the last mark that this process had received before. */
  readonly generation: number;
}

/** The answer of the shared level for a token. */
export type SharedAnswer =
  | { readonly kind: 'token'; readonly stored: StoredToken; readonly entry: Ticket }
  /** Nothing is known; the result of the look-up may be stored under this ticket. */
  | { readonly kind: 'ticket'; readonly ticket: TakenTicket }
  /** No answer, and nothing may be stored. */
  | { readonly kind: 'nothing' };

export const NOTHING: SharedAnswer = Object.freeze({ kind: 'nothing' });

/** How long a look-up may take and still be stored; also how long an unknown token can occupy memory in Redis. */
const TICKET_MILLISECONDS = 5_000;

/** A look-up from further in the future comes from a machine with a wrong clock. */
const CLOCK_DIFFERENCE_MILLISECONDS = 1_000;

/** Keys per DEL, and per round of a cluster. */
const KEYS_AT_ONCE = 500;

const TICKET_MARK = '?';

export interface RedisTokensSettings {
  readonly keyPrefix: string;
  readonly policy: string;
  readonly maxAgeMilliseconds: number;
  readonly deadlineMilliseconds: number;
  readonly clock: Clock;
  readonly authenticator: MessageAuthenticator;
}

/** The entries in Redis, one key per token. */
export class RedisTokens {
  private readonly client: RedisClient;
  private readonly scripts: TokenScripts;
  private readonly epoch: ServerEpoch;
  private readonly marks: InvalidationMarks;
  private readonly settings: RedisTokensSettings;

  constructor(
    client: RedisClient,
    scripts: TokenScripts,
    { epoch, marks }: { readonly epoch: ServerEpoch; readonly marks: InvalidationMarks },
    settings: RedisTokensSettings,
  ) {
    this.client = client;
    this.scripts = scripts;
    this.epoch = epoch;
    this.marks = marks;
    this.settings = settings;
  }

  /**
   * Reads an entry, or takes the ticket for it.
   *
   * @throws DeadlineExceededError or the error of the connection, if Redis does not answer; an answer never throws
   */
  async read(key: string): Promise<SharedAnswer> {
    const field = this.field();
    const { generation } = this.marks;
    if (field === undefined || generation === undefined) return NOTHING;
    const { clock, deadlineMilliseconds } = this.settings;
    const text = `${TICKET_MARK}${clock.nowMilliseconds()}.${randomUUID()}`;
    const answer = this.scripts.tokenCacheRead(this.redisKey(key), field, text, TICKET_MILLISECONDS);
    const held = await withDeadline(answer.catch(refusedByServer), deadlineMilliseconds);
    // If the connection has changed, the answer may come from another server.
    if (held === undefined || field !== this.field()) return NOTHING;
    return held === null ? { kind: 'ticket', ticket: { key, field, text, generation } } : this.judge(key, field, held);
  }

  private judge(key: string, field: string, held: string): SharedAnswer {
    const { clock, maxAgeMilliseconds, authenticator } = this.settings;
    const now = clock.nowMilliseconds();
    if (held.startsWith(TICKET_MARK)) {
      const takenAt = Number.parseInt(held.slice(1), 10);
      if (!(now - takenAt < 2 * TICKET_MILLISECONDS)) this.release({ key, field, text: held });
      return NOTHING;
    }
    const text = authenticator.verify([this.redisKey(key), field], held);
    const stored = text === undefined ? undefined : readStoredToken(text, key);
    const age = stored === undefined ? Number.POSITIVE_INFINITY : now - stored.foundAtMilliseconds;
    if (age < -CLOCK_DIFFERENCE_MILLISECONDS) return NOTHING;
    if (stored === undefined || age >= sharedFor(stored, maxAgeMilliseconds) || isTokenExpired(stored.token, now)) {
      // Redis would remove it in time anyway.
      this.release({ key, field, text: held });
      return NOTHING;
    }
    return { kind: 'token', stored, entry: { key, field, text: held } };
  }

  /** Removes an entry that turned out to be overtaken. */
  drop({ entry }: Extract<SharedAnswer, { readonly kind: 'token' }>): void {
    this.release(entry);
  }

  /** Stores a token under its ticket; does nothing if the ticket is gone. */
  async fill(ticket: TakenTicket, found: Omit<StoredToken, 'generation'>): Promise<void> {
    const stored = { ...found, generation: ticket.generation };
    const { clock, maxAgeMilliseconds, authenticator } = this.settings;
    const now = clock.nowMilliseconds();
    const milliseconds = Math.floor(
      Math.min(stored.foundAtMilliseconds + sharedFor(stored, maxAgeMilliseconds), stored.token.expiresAtMilliseconds) -
        now,
    );
    const text = writeStoredToken(stored);
    if (milliseconds <= 0 || text === undefined || ticket.field !== this.field()) return this.release(ticket);
    const redisKey = this.redisKey(ticket.key);
    const value = authenticator.sign([redisKey, ticket.field], text);
    await this.scripts.tokenCacheFill(redisKey, ticket.field, ticket.text, value, milliseconds).catch(ignore);
  }

  /** Removes a ticket, or a useless value, if it is still there; in the background, and it may fail. */
  release({ key, field, text }: Ticket): void {
    this.scripts.tokenCacheRelease(this.redisKey(key), field, text).catch(ignore);
  }

  /** Removes the entries and tickets of all policies. */
  async remove(keys: readonly string[]): Promise<void> {
    await this.delete(keys.map((key) => this.redisKey(key)));
  }

  private async delete(redisKeys: readonly string[]): Promise<void> {
    for (let start = 0; start < redisKeys.length; start += KEYS_AT_ONCE) {
      const some = redisKeys.slice(start, start + KEYS_AT_ONCE);
      // In a cluster the keys are in different slots; auto-pipelining combines those of a node.
      if (this.client.isCluster) await Promise.all(some.map((key) => this.client.del(key)));
      else await this.client.del(...some);
    }
  }

  private redisKey(key: string): string {
    return `${this.settings.keyPrefix}token:${key}`;
  }

  private field(): string | undefined {
    const epoch = this.epoch.current;
    // With the version of the form, so that processes of two versions keep their entries side by side.
    return epoch === undefined ? undefined : `${STORED_TOKEN_VERSION}|${this.settings.policy}|${epoch}`;
  }
}

/** Marks are kept for the longest age, so no entry is shared for longer. */
function sharedFor({ keepMilliseconds }: StoredToken, maxAgeMilliseconds: number): number {
  return keepMilliseconds === undefined ? maxAgeMilliseconds : Math.min(keepMilliseconds, maxAgeMilliseconds);
}

/**
 * An error that the server returned (a foreign value under the key, no memory) is a miss; Redis itself is available.
 */
function refusedByServer(error: unknown): undefined {
  if (error instanceof Error && error.name === 'ReplyError') return undefined;
  throw error;
}

function ignore(): void {}
