import type { AccessToken, FamilyRepository, OfClient, RefreshToken } from '../../../storage/index.js';

type Found<Row> = Promise<OfClient<Row> | undefined>;

/**
 * Look-ups of tokens for introspection and revocation. oidc-provider concurrently looks up one value as an access token
 * of each kind and as a refresh token; here that takes one statement for an access token, and at most two.
 */
export class TokenLookUps {
  private readonly asked = new Map<string, Found<AccessToken>>();

  constructor(private readonly families: FamilyRepository) {}

  accessToken(tokenHash: Buffer): Found<AccessToken> {
    const key = tokenHash.toString('latin1');
    const asked = this.asked.get(key);
    if (asked !== undefined) return asked;
    const found = this.families.findAccessToken(tokenHash);
    this.asked.set(key, found);
    // Shared only by calls of the same moment: later ones must see what was revoked meanwhile.
    queueMicrotask(() => this.asked.delete(key));
    return found;
  }

  async refreshToken(tokenHash: Buffer): Found<RefreshToken> {
    const asked = this.asked.get(tokenHash.toString('latin1'));
    if (asked !== undefined && (await asked) !== undefined) return undefined;
    return this.families.findRefreshToken(tokenHash);
  }
}
