import type { AdapterPayload } from 'oidc-provider';
import { keyOfDigest, sha256 } from '../../../core/digest.js';
import { formOf } from '../../../core/token-form.js';
import type { NewAccessToken, TokenRepository } from '../../../storage/index.js';
import { presentedToken, storedDigest } from '../presented-jwt.js';
import type { AdapterDependencies } from './adapter-dependencies.js';
import type { ApplicationIds } from './application-ids.js';
import type { Exchanges } from './exchange.js';
import type { Families } from './families.js';
import { FamilyAdapter } from './family-adapter.js';
import { familyIdOf, invalidGrant, listOf, payloadOf, restOf, timesOf } from './payloads.js';
import type { SessionUids } from './session-uids.js';
import type { TokenLookUps } from './token-look-ups.js';

/** Access tokens of users (`AccessToken`) and of applications alone (`ClientCredentials`), in one table. */
export class AccessTokenAdapter extends FamilyAdapter {
  constructor(
    private readonly kind: 'AccessToken' | 'ClientCredentials',
    private readonly dependencies: AdapterDependencies,
    private readonly tokens: TokenRepository,
    private readonly applications: ApplicationIds,
    private readonly lookUps: TokenLookUps,
    private readonly sessionUids: SessionUids,
    families: Families,
    exchanges: Exchanges,
  ) {
    super(families, exchanges);
  }

  override async upsert(id: string, payload: AdapterPayload): Promise<void> {
    const tokenHash = sha256(id);
    await this.applications.with(payload.clientId, async (applicationId) => {
      const token: NewAccessToken = {
        tokenHash,
        applicationId,
        userId: payload.accountId ?? null,
        scope: payload.scope ?? '',
        // `aud` itself stays in the JSON: a token without it is valid at the userinfo endpoint.
        audience: listOf(payload.aud) ?? listOf(this.dependencies.defaultAudience),
        ...timesOf(payload),
        payload: restOf(this.sessionUids.sealedIn(payload)),
      };
      if (payload.grantId === undefined) await this.tokens.insertAccessToken(token);
      else await this.issue(familyIdOf(payload.grantId), token);
    });
    if (this.exchanges.get()?.isEmpty() !== false) this.dependencies.forgetMiss(keyOfDigest(tokenHash));
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const token = presentedToken(id);
    if (formOf(token).kind === 'opaque' && this.dependencies.opaqueTokens.isForged(token)) return undefined;
    const found = await this.lookUps.accessToken(sha256(token));
    if (found === undefined || found.row.isRevoked() || found.applicationDisabled) return undefined;
    const kind = found.row.userId === null ? 'ClientCredentials' : 'AccessToken';
    if (kind !== this.kind) return undefined;
    const payload = payloadOf(kind, id, found.row, found.clientId);
    return payload && this.sessionUids.openedIn(payload);
  }

  override async destroy(id: string): Promise<void> {
    const tokenHash = storedDigest(id);
    await this.tokens.revokeAccessToken(tokenHash);
    await this.dependencies.invalidate([keyOfDigest(tokenHash)]);
  }

  private async issue(familyId: string, token: NewAccessToken): Promise<void> {
    const exchange = this.collecting(familyId);
    if (exchange !== undefined) {
      exchange.accessTokens.push(token);
      return;
    }
    const { status } = await this.families.repository.exchange({ familyId, accessTokens: [token] });
    if (status !== 'done') throw invalidGrant('the grant is revoked or has ended');
  }
}
