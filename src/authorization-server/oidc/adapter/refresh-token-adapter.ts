import type { AdapterPayload } from 'oidc-provider';
import { sha256 } from '../../../core/digest.js';
import type { NewRefreshToken, RefreshToken } from '../../../storage/index.js';
import type { AdapterDependencies } from './adapter-dependencies.js';
import type { ApplicationIds } from './application-ids.js';
import type { Exchanges } from './exchange.js';
import type { Families } from './families.js';
import { FamilyAdapter } from './family-adapter.js';
import { consumedAt, familyIdOf, invalidGrant, listOf, payloadOf, restOf, timesOf } from './payloads.js';
import type { SessionUids } from './session-uids.js';
import type { TokenLookUps } from './token-look-ups.js';

/** Refresh tokens: rotated at each use, with an expiry of their own and one of the family. */
export class RefreshTokenAdapter extends FamilyAdapter {
  constructor(
    private readonly dependencies: AdapterDependencies,
    private readonly applications: ApplicationIds,
    private readonly lookUps: TokenLookUps,
    private readonly sessionUids: SessionUids,
    families: Families,
    exchanges: Exchanges,
  ) {
    super(families, exchanges);
  }

  override async upsert(id: string, payload: AdapterPayload): Promise<void> {
    const familyId = familyIdOf(payload.grantId);
    const { createdAtMilliseconds, expiresAtMilliseconds } = timesOf(payload);
    const lifetimeSeconds = await this.dependencies.refreshLifetimeSeconds(payload.clientId ?? '');
    const familyExpiresAtMilliseconds = ((payload.iiat ?? payload.iat ?? 0) + lifetimeSeconds) * 1000;
    // The lifetime of the application was shortened meanwhile.
    if (familyExpiresAtMilliseconds <= createdAtMilliseconds) throw invalidGrant('the grant has ended');
    await this.applications.with(payload.clientId, async (applicationId) => {
      const token: NewRefreshToken = {
        tokenHash: sha256(id),
        applicationId,
        userId: payload.accountId ?? null,
        scope: payload.scope ?? '',
        audience: listOf(payload.resource),
        createdAtMilliseconds,
        expiresAtMilliseconds: Math.min(expiresAtMilliseconds, familyExpiresAtMilliseconds),
        familyExpiresAtMilliseconds,
        payload: restOf(this.sessionUids.sealedIn(payload)),
      };
      const exchange = this.collecting(familyId);
      if (exchange !== undefined) {
        exchange.refreshToken = token;
        return;
      }
      const outcome = await this.families.repository.exchange({ familyId, accessTokens: [], refreshToken: token });
      if (outcome.status !== 'done') throw invalidGrant('the grant is revoked or has ended');
    });
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const { opaqueTokens } = this.dependencies;
    // Clients discard a token that is refused, so one that was imported a moment ago must not be.
    if (opaqueTokens.isForged(id) && (await opaqueTokens.isStillForged(id))) return undefined;
    const found = await this.lookUps.refreshToken(sha256(id));
    if (found === undefined || found.row.isRevoked() || found.applicationDisabled) return undefined;
    const { row, clientId = '' } = found;
    // As it is issued, it ends no later than its family.
    const expiresAtMilliseconds = Math.min(row.expiresAtMilliseconds, row.familyExpiresAtMilliseconds);
    const stored = payloadOf('RefreshToken', id, { ...row, expiresAtMilliseconds }, clientId);
    if (stored === undefined) return undefined;
    const payload = this.sessionUids.openedIn(stored);
    this.present({
      kind: 'RefreshToken',
      value: id,
      familyId: row.familyId,
      clientId,
      userId: row.userId ?? undefined,
    });
    if (row.rotatedAtMilliseconds === null || this.isInGrace(row)) return payload;
    return { ...payload, ...consumedAt(row.rotatedAtMilliseconds) };
  }

  /** Together with its family: revoking only one token would hide the others from a second attempt. */
  override async destroy(id: string): Promise<void> {
    const found = await this.families.repository.findRefreshToken(sha256(id));
    if (found !== undefined) await this.families.revoke(found.row.familyId);
  }

  /** Whether the handler treats it as unused. The transaction at the end decides. */
  private isInGrace({ rotatedAtMilliseconds }: RefreshToken): boolean {
    if (this.exchanges.get() === undefined || rotatedAtMilliseconds === null) return false;
    return (
      this.dependencies.clock.nowMilliseconds() < rotatedAtMilliseconds + this.dependencies.refreshGraceSeconds * 1000
    );
  }
}
