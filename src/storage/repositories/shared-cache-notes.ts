import { type Clock, systemClock } from '../../core/clock.js';
import { sha256 } from '../../core/digest.js';
import { isNoTable, orUnavailable } from '../database-errors.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import { ServerRecordRepository } from './server-record-repository.js';

/** What a process that shares a token cache in Redis leaves in the database. Where Redis is, it does not say. */
export interface SharedCacheNote {
  /** The prefix of the Redis keys. */
  readonly keyPrefix: string;
  /** How long an entry may be used that nobody has been told to drop. */
  readonly maxAgeSeconds: number;
}

/** A note, as it is in the database. */
export interface KeptSharedCacheNote extends SharedCacheNote {
  /** When a process left or renewed it last, by that process's clock. */
  readonly renewedAtMilliseconds: number;
}

const KIND = 'SharedCache';

/** A note that is not renewed outlives by so much what may be in the cache. */
const LIFETIME_MILLISECONDS = 3_600_000;

/** There is one note per prefix, and hardly ever more than one prefix. */
const MOST_NOTES = 20;

/**
 * Notes that processes share a token cache in Redis, so that whoever changes the database from outside, as the command
 * line does, knows that there are caches to tell.
 */
export class SharedCacheNotes {
  private readonly clock: Clock;

  constructor(
    private readonly models: OAuth2Models,
    options: { readonly clock?: Clock } = {},
  ) {
    this.clock = options.clock ?? systemClock;
  }

  /**
   * Leaves a note, or renews it.
   *
   * @throws TemporarilyUnavailableError if the database cannot answer
   */
  async leave({ keyPrefix, maxAgeSeconds }: SharedCacheNote): Promise<void> {
    await new ServerRecordRepository(this.models, { clock: this.clock }).save({
      kind: KIND,
      recordHash: sha256(keyPrefix),
      expiresAtMilliseconds: this.clock.nowMilliseconds() + maxAgeSeconds * 1000 + LIFETIME_MILLISECONDS,
      payload: JSON.stringify({ keyPrefix, maxAgeSeconds }),
    });
  }

  /**
   * The notes that have not expired, the newest first; none in a database that is older than their table.
   *
   * @throws TemporarilyUnavailableError if the database cannot answer
   */
  async list(): Promise<KeptSharedCacheNote[]> {
    const records = await orUnavailable(async () =>
      this.models.ServerRecord.query()
        .where('kind', KIND)
        .whereNull('revoked_at_ms')
        .where('expires_at_ms', '>', this.clock.nowMilliseconds())
        .orderBy('updated_at_ms', 'desc')
        .limit(MOST_NOTES)
        .catch((error: unknown) => {
          if (isNoTable(error)) return [];
          throw error;
        }),
    );
    return records.flatMap(({ payload, updatedAtMilliseconds }) => {
      const note = noteOf(payload);
      return note === undefined ? [] : [{ ...note, renewedAtMilliseconds: updatedAtMilliseconds }];
    });
  }
}

/** `undefined` for what is none: one that nobody can read must not hide the others. */
function noteOf(payload: string | null): SharedCacheNote | undefined {
  let note: Partial<Record<keyof SharedCacheNote, unknown>> | null;
  try {
    note = JSON.parse(payload ?? 'null') as typeof note;
  } catch {
    return undefined;
  }
  const { keyPrefix, maxAgeSeconds } = note ?? {};
  return typeof keyPrefix === 'string' && typeof maxAgeSeconds === 'number' ? { keyPrefix, maxAgeSeconds } : undefined;
}
