import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import { TurnBatch } from '../../core/turn-batch.js';
import { isTokenExpired } from '../../core/verified-token.js';
import { withDeadline } from './deadline.js';
import type { MessageAuthenticator } from './message-authenticator.js';
import type { RedisClient } from './redis-connections.js';
import type { ServerEpoch } from './redis-epoch.js';
import type { InvalidationMarks } from './redis-marks.js';
import { keysPerCall, type TokenScripts, withKeys } from './redis-scripts.js';
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

interface PendingRead {
  readonly key: string;
  readonly answer: (answer: SharedAnswer) => void;
  readonly fail: (error: unknown) => void;
}

interface PendingFill {
  readonly ticket: TakenTicket;
  readonly stored: StoredToken;
}

/** The entries in Redis, one key per token. What is read, or filled, in one turn of the event loop shares a call. */
export class RedisTokens {
  private readonly reads: TurnBatch<PendingRead>;
  private readonly fills: TurnBatch<PendingFill>;
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
    this.reads = new TurnBatch(keysPerCall(client), (reads) => void this.readAll(reads));
    this.fills = new TurnBatch(keysPerCall(client), (fills) => void this.fillAll(fills).catch(ignore));
  }

  /**
   * Reads an entry, or takes the ticket for it.
   *
   * @throws DeadlineExceededError or the error of the connection, if Redis does not answer; an answer never throws
   */
  read(key: string): Promise<SharedAnswer> {
    return new Promise((answer, fail) => {
      this.reads.add({ key, answer, fail });
    });
  }

  private async readAll(reads: readonly PendingRead[]): Promise<void> {
    try {
      const { deadlineMilliseconds, clock } = this.settings;
      const field = this.field();
      const { generation } = this.marks;
      if (field === undefined || generation === undefined) {
        for (const { answer } of reads) answer(NOTHING);
        return;
      }
      // Each key has a ticket of its own, under this text.
      const text = `${TICKET_MARK}${clock.nowMilliseconds()}.${randomUUID()}`;
      const keys = reads.map(({ key }) => this.redisKey(key));
      const called = this.scripts.tokenCacheRead(...withKeys(this.client, keys, [TICKET_MILLISECONDS, field, text]));
      const answers = await withDeadline(called.catch(refusedByServer), deadlineMilliseconds);
      // If the connection has changed, the answer may come from another server.
      const isOfThisServer = field === this.field();
      reads.forEach(({ key, answer }, index) => {
        const held = answers?.[index];
        // What the server refused has no answer, or an error.
        if (!isOfThisServer || held === undefined || held instanceof Error) answer(NOTHING);
        else if (held === null) answer({ kind: 'ticket', ticket: { key, field, text, generation } });
        else answer(this.judge(key, field, held));
      });
    } catch (error) {
      for (const { fail } of reads) fail(error);
    }
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

  /** Stores a token under its ticket, unless that is gone; in the background, and it may fail. */
  fill(ticket: TakenTicket, stored: StoredToken): void {
    this.fills.add({ ticket, stored });
  }

  private async fillAll(fills: readonly PendingFill[]): Promise<void> {
    const { clock, maxAgeMilliseconds, authenticator } = this.settings;
    const now = clock.nowMilliseconds();
    const field = this.field();
    const keys: string[] = [];
    // Without a field nothing is sent.
    const values: (string | number)[] = [field ?? ''];
    for (const { ticket, stored } of fills) {
      const { foundAtMilliseconds, token } = stored;
      const until = Math.min(foundAtMilliseconds + sharedFor(stored, maxAgeMilliseconds), token.expiresAtMilliseconds);
      const milliseconds = Math.floor(until - now);
      const text = writeStoredToken(stored);
      if (milliseconds <= 0 || text === undefined || ticket.field !== field) {
        this.release(ticket);
        continue;
      }
      const redisKey = this.redisKey(ticket.key);
      keys.push(redisKey);
      values.push(ticket.text, authenticator.sign([redisKey, ticket.field], text), milliseconds);
    }
    if (keys.length > 0) await this.scripts.tokenCacheFill(...withKeys(this.client, keys, values));
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
