import type { Transaction } from 'objection';
import { type Clock, systemClock } from '../../core/clock.js';
import { isDuplicate, orUnavailable, retryContention, unavailable } from '../database-errors.js';
import { requireDigest, requireUserId } from '../ids.js';
import type { AuthorizationCode } from '../models/authorization-code.js';
import type { DeviceCode } from '../models/device-code.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import { firstOfClient, type OfClient } from './of-client.js';

/** What an authorization code is stored with. */
export type NewAuthorizationCode = Pick<
  AuthorizationCode,
  | 'codeHash'
  | 'applicationId'
  | 'userId'
  | 'scope'
  | 'redirectUri'
  | 'codeChallenge'
  | 'familyId'
  | 'expiresAtMilliseconds'
  | 'createdAtMilliseconds'
  | 'payload'
>;

/** What a device code is stored with. */
export type NewDeviceCode = Pick<
  DeviceCode,
  | 'deviceCodeHash'
  | 'userCodeHash'
  | 'applicationId'
  | 'scope'
  | 'expiresAtMilliseconds'
  | 'createdAtMilliseconds'
  | 'payload'
>;

/** The decision of a user about a device, or `claimed` while it is pending. */
export type DeviceCodeDecision = Pick<DeviceCode, 'userId' | 'scope' | 'familyId' | 'payload'> & {
  readonly step: 'claimed' | 'decided';
};

/**
 * Operations on codes that are safe under races. Codes are exchanged by `FamilyRepository`. Every method rejects with
 * `TemporarilyUnavailableError` if the database cannot answer.
 */
export class CodeRepository {
  private readonly clock: Clock;

  constructor(
    private readonly models: OAuth2Models,
    options: { readonly clock?: Clock } = {},
  ) {
    this.clock = options.clock ?? systemClock;
  }

  insertAuthorizationCode(code: NewAuthorizationCode): Promise<void> {
    requireDigest(code.codeHash, 'codeHash');
    requireUserId(code.userId);
    return retryContention(async () => {
      await this.models.AuthorizationCode.query().insert({ ...code, consumedAtMilliseconds: null });
    });
  }

  findAuthorizationCode(codeHash: Buffer): Promise<OfClient<AuthorizationCode> | undefined> {
    requireDigest(codeHash, 'codeHash');
    return orUnavailable(() =>
      firstOfClient(this.models.AuthorizationCode.query().where('code_hash', codeHash), this.models),
    );
  }

  deleteAuthorizationCode(codeHash: Buffer): Promise<void> {
    requireDigest(codeHash, 'codeHash');
    return retryContention(async () => {
      await this.models.AuthorizationCode.query().where('code_hash', codeHash).delete();
    });
  }

  /** Stores a device code. It may reuse the user code of an expired device code. */
  insertDeviceCode(code: NewDeviceCode): Promise<void> {
    requireDigest(code.deviceCodeHash, 'deviceCodeHash');
    requireDigest(code.userCodeHash, 'userCodeHash');
    const row = {
      ...code,
      userId: null,
      familyId: null,
      claimedAtMilliseconds: null,
      decidedAtMilliseconds: null,
      consumedAtMilliseconds: null,
    };
    const { DeviceCode } = this.models;
    const insert = async (transaction?: Transaction) => {
      await DeviceCode.query(transaction).insert(row);
    };
    return retryContention(async () => {
      try {
        await insert();
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        await DeviceCode.query()
          .where('user_code_hash', code.userCodeHash)
          .where('expires_at_ms', '<=', this.clock.nowMilliseconds())
          .delete();
        // Two devices got the same user code at the same time: unlikely, but then the second one has to ask again.
        await insert().catch((again: unknown) => {
          throw isDuplicate(again) ? unavailable(again) : again;
        });
      }
    });
  }

  findDeviceCode(deviceCodeHash: Buffer): Promise<OfClient<DeviceCode> | undefined> {
    requireDigest(deviceCodeHash, 'deviceCodeHash');
    return orUnavailable(() =>
      firstOfClient(this.models.DeviceCode.query().where('device_code_hash', deviceCodeHash), this.models),
    );
  }

  /** The device code with one of these digests of its user code (one for each key that may have made it). */
  findDeviceCodeByUserCode(userCodeHashes: readonly Buffer[]): Promise<OfClient<DeviceCode> | undefined> {
    for (const hash of userCodeHashes) requireDigest(hash, 'userCodeHash');
    return orUnavailable(() =>
      firstOfClient(this.models.DeviceCode.query().whereIn('user_code_hash', [...userCodeHashes]), this.models),
    );
  }

  /**
   * Advances a device code by one step: a user claims it, then decides on it. Of any number of calls for one code and
   * one step, exactly one resolves to `true`, so that only the user who claimed a code decides on it (RFC 8628 §3.3).
   */
  advanceDeviceCode(deviceCodeHash: Buffer, decision: DeviceCodeDecision): Promise<boolean> {
    requireDigest(deviceCodeHash, 'deviceCodeHash');
    const { step, ...columns } = decision;
    if (columns.userId !== null) requireUserId(columns.userId);
    return retryContention(async () => {
      const now = this.clock.nowMilliseconds();
      const query = this.models.DeviceCode.query()
        .where('device_code_hash', deviceCodeHash)
        .whereNull('decided_at_ms')
        .whereNull('consumed_at_ms');
      if (step === 'claimed') query.whereNull('claimed_at_ms');
      const time = step === 'claimed' ? { claimedAtMilliseconds: now } : { decidedAtMilliseconds: now };
      return (await query.patch({ ...columns, ...time })) === 1;
    });
  }

  deleteDeviceCode(deviceCodeHash: Buffer): Promise<void> {
    requireDigest(deviceCodeHash, 'deviceCodeHash');
    return retryContention(async () => {
      await this.models.DeviceCode.query().where('device_code_hash', deviceCodeHash).delete();
    });
  }
}
