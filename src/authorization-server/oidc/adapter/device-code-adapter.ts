import { createHmac } from 'node:crypto';
import type { AdapterPayload } from 'oidc-provider';
import { sha256 } from '../../../core/digest.js';
import type { CodeRepository, DeviceCode, OfClient } from '../../../storage/index.js';
import { SealedValueError, type Sealer } from '../../keys/sealer.js';
import { errors } from '../oidc-provider.js';
import type { ApplicationIds } from './application-ids.js';
import type { Exchanges } from './exchange.js';
import type { Families } from './families.js';
import { FamilyAdapter } from './family-adapter.js';
import { consumedAt, familyIdOf, parsedPayload, payloadOf, restOf, timesOf } from './payloads.js';
import type { SessionUids } from './session-uids.js';

/**
 * Device codes with their user codes (RFC 8628). The device code is encrypted, because it must be read again from the
 * row found by the user code. The user code is stored as an HMAC, since a plain digest of eight letters can be guessed.
 */
export class DeviceCodeAdapter extends FamilyAdapter {
  private readonly userCodeKeys: readonly Buffer[];

  constructor(
    private readonly sealer: Sealer,
    private readonly codes: CodeRepository,
    private readonly applications: ApplicationIds,
    private readonly sessionUids: SessionUids,
    families: Families,
    exchanges: Exchanges,
  ) {
    super(families, exchanges);
    this.userCodeKeys = sealer.deriveKeys('user codes');
  }

  override async upsert(id: string, payload: AdapterPayload): Promise<void> {
    const decided = payload.accountId !== undefined || payload.error !== undefined;
    if (decided || payload.inFlight === true) return this.advance(id, payload, decided ? 'decided' : 'claimed');
    const { userCode = '' } = payload;
    const deviceCodeHash = sha256(id);
    await this.applications.with(payload.clientId, (applicationId) =>
      this.codes.insertDeviceCode({
        deviceCodeHash,
        userCodeHash: this.userCodeHashes(userCode)[0] as Buffer,
        applicationId,
        scope: payload.scope ?? '',
        ...timesOf(payload),
        payload: this.restOf(id, payload),
      }),
    );
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const found = await this.codes.findDeviceCode(sha256(id));
    if (found === undefined || found.applicationDisabled) return undefined;
    const { row, clientId = '' } = found;
    const payload = this.payloadOf(id, found);
    if (payload !== undefined && row.familyId !== null) {
      const userId = row.userId ?? undefined;
      this.present({ kind: 'DeviceCode', value: id, familyId: row.familyId, clientId, userId });
    }
    return payload;
  }

  override async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    const found = await this.codes.findDeviceCodeByUserCode(this.userCodeHashes(userCode));
    if (found === undefined || found.applicationDisabled) return undefined;
    const id = this.openedId(found.row);
    const payload = id === undefined ? undefined : this.payloadOf(id, found);
    return payload && { ...payload, userCode };
  }

  override consume(id: string): Promise<void> {
    const exchange = this.exchanges.get();
    // A code that the user refused has no family, and nothing is issued for it: it stays refused until it expires.
    if (exchange !== undefined && exchange.presented === undefined) return Promise.resolve();
    return super.consume(id);
  }

  override destroy(id: string): Promise<void> {
    return this.codes.deleteDeviceCode(sha256(id));
  }

  private async advance(id: string, payload: AdapterPayload, step: 'claimed' | 'decided'): Promise<void> {
    const advanced = await this.codes.advanceDeviceCode(sha256(id), {
      step,
      userId: payload.accountId ?? null,
      scope: payload.scope ?? '',
      familyId: payload.grantId === undefined ? null : familyIdOf(payload.grantId),
      payload: this.restOf(id, payload),
    });
    // RFC 8628 §3.3: another user was faster and owns the code now.
    if (!advanced) throw new errors.InvalidRequest('the code was used already');
  }

  private payloadOf(id: string, { row, clientId }: OfClient<DeviceCode>): AdapterPayload | undefined {
    const stored = payloadOf('DeviceCode', id, row, clientId) as (AdapterPayload & { sealedId?: string }) | undefined;
    if (stored === undefined) return undefined;
    const { sealedId: _, ...payload } = stored;
    return {
      ...this.sessionUids.openedIn(payload),
      ...(row.claimedAtMilliseconds !== null && { inFlight: true }),
      ...consumedAt(row.consumedAtMilliseconds),
    };
  }

  private restOf(id: string, payload: AdapterPayload): string | null {
    const sealedId = this.sealer.seal(id, contextOf(sha256(id)));
    return restOf({ ...this.sessionUids.sealedIn(payload), sealedId } as AdapterPayload, 'userCode', 'inFlight');
  }

  private openedId(row: DeviceCode): string | undefined {
    const { sealedId } = (parsedPayload(row.payload) ?? {}) as { readonly sealedId?: unknown };
    try {
      return this.sealer.open(String(sealedId), contextOf(row.deviceCodeHash));
    } catch (error) {
      if (error instanceof SealedValueError) return undefined;
      throw error;
    }
  }

  private userCodeHashes(userCode: string): readonly Buffer[] {
    return this.userCodeKeys.map((key) => createHmac('sha256', key).update(userCode).digest());
  }
}

function contextOf(deviceCodeHash: Buffer): string {
  return `device-code:${deviceCodeHash.toString('hex')}`;
}
