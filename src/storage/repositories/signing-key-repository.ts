import type { Transaction } from 'objection';
import { type Clock, systemClock } from '../../core/clock.js';
import { orUnavailable, retryContention } from '../database-errors.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { SigningKey } from '../models/signing-key.js';

/** What a signing key is stored with. */
export interface NewSigningKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly generation: number;
  readonly privateKeyEncrypted: Buffer;
  /** When it starts to sign, in milliseconds since the Unix epoch. */
  readonly signsFromMilliseconds: number;
}

/**
 * Operations on signing keys. Every method rejects with `TemporarilyUnavailableError` if the database cannot answer.
 */
export class SigningKeyRepository {
  private readonly clock: Clock;

  constructor(
    private readonly models: Pick<OAuth2Models, 'SigningKey'>,
    options: { readonly clock?: Clock } = {},
  ) {
    this.clock = options.clock ?? systemClock;
  }

  /** The keys that are to be published, those of each algorithm newest first. */
  list(): Promise<SigningKey[]> {
    const now = this.clock.nowMilliseconds();
    return orUnavailable(async () =>
      this.models.SigningKey.query()
        .where((query) => query.whereNull('expires_at_ms').orWhere('expires_at_ms', '>', now))
        .orderBy([{ column: 'algorithm' }, { column: 'generation', order: 'desc' }]),
    );
  }

  /** Adds the key of a generation. Of any number of calls for one generation, exactly one resolves to `true`. */
  add(key: NewSigningKey): Promise<boolean> {
    return this.unlessTaken(key, () => this.insert(key));
  }

  /**
   * Adds the key of a generation and retires those before it, together or not at all. Of any number of calls for one
   * generation, exactly one resolves to `true`.
   *
   * @param expiresAtMilliseconds when the earlier keys are no longer published; an earlier end is kept
   */
  succeed(key: NewSigningKey, expiresAtMilliseconds: number): Promise<boolean> {
    const { SigningKey } = this.models;
    return this.unlessTaken(key, () =>
      SigningKey.transaction(async (transaction) => {
        await this.insert(key, transaction);
        const before = () =>
          SigningKey.query(transaction).where('algorithm', key.algorithm).where('generation', '<', key.generation);
        await before().whereNull('retired_at_ms').patch({ retiredAtMilliseconds: key.signsFromMilliseconds });
        await before()
          .where((query) => query.whereNull('expires_at_ms').orWhere('expires_at_ms', '>', expiresAtMilliseconds))
          .patch({ expiresAtMilliseconds });
      }),
    );
  }

  /** Replaces the encrypted form of a key, if it is still the one that was read; resolves to whether it was. */
  replaceEncrypted(kid: string, before: Buffer, after: Buffer): Promise<boolean> {
    return retryContention(async () => {
      const changed = await this.models.SigningKey.query()
        .where({ kid, private_key_encrypted: before })
        .patch({ privateKeyEncrypted: after });
      return changed === 1;
    });
  }

  /** Deletes keys that are no longer published; resolves to their number. */
  deleteExpired(): Promise<number> {
    return retryContention(async () =>
      this.models.SigningKey.query().where('expires_at_ms', '<=', this.clock.nowMilliseconds()).delete(),
    );
  }

  private async insert(key: NewSigningKey, transaction?: Transaction): Promise<void> {
    await this.models.SigningKey.query(transaction).insert({
      ...key,
      createdAtMilliseconds: this.clock.nowMilliseconds(),
      retiredAtMilliseconds: null,
      expiresAtMilliseconds: null,
    });
  }

  /** The unique index decides; a look-up afterwards distinguishes its refusal from other failures. */
  private unlessTaken({ algorithm, generation, kid }: NewSigningKey, store: () => Promise<void>): Promise<boolean> {
    return retryContention(async () => {
      try {
        await store();
        return true;
      } catch (error) {
        const holder = await this.models.SigningKey.query().findOne({ algorithm, generation });
        if (holder === undefined) throw error;
        // Stored by this call after all, if the answer to an earlier attempt was lost.
        return holder.kid === kid;
      }
    });
  }
}
