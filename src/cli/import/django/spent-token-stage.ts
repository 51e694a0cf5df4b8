import type { ImportedRefreshToken } from '../../../storage/index.js';
import { withDigests } from './paged-stage.js';
import { TOKEN_DIFFERENCES } from './reasons.js';
import { type ReadRefreshToken, RefreshTokenPages } from './refresh-token-stage.js';
import { type SourceRow, timeOf } from './source-values.js';
import { familyIdOf } from './token-mapping.js';

/**
 * Brings the refresh tokens that were used or revoked and whose family is alive, so that a thief of one is noticed: who presents
 * it revokes the family. A token that came when it could still be used is used here too from now on.
 */
export class SpentTokenStage extends RefreshTokenPages {
  protected override async bring(page: readonly SourceRow[]): Promise<void> {
    const spent = page.filter((row) => row.revoked !== null && row.revoked !== undefined);
    this.context.report.count('spent_refresh_tokens', 'read', spent.length);
    const rows = await withDigests(this.table, spent);
    await this.sink.repeatIfDeleted(() => this.store(rows));
  }

  private async store(rows: readonly ReadRefreshToken[]): Promise<void> {
    const [map, alive] = [await this.mapper(rows), await this.aliveThere(rows)];
    const mapped = rows.map((row) => map(row, undefined, timeOf(row.revoked) ?? Date.now()));
    const later = await this.sink.store('spent_refresh_tokens', mapped, (tokens) =>
      this.sink.tokens.storeSpentTokens(tokens, (familyId) => alive.has(familyId)),
    );
    for (const token of later) await this.spend(token);
  }

  /** The families that have a usable token at the source, for a dry run. */
  private async aliveThere(rows: readonly SourceRow[]): Promise<ReadonlySet<string>> {
    if (!this.context.dryRun) return new Set();
    const families = rows.flatMap((row) => (row.token_family ? [row.token_family] : []));
    const found = await this.table.findAll(['revoked', 'access_token_id'], 'token_family', families);
    const live = found.filter(({ revoked, access_token_id: issued }) => !revoked && issued);
    return new Set(live.flatMap((row) => familyIdOf(row.token_family, undefined) ?? []));
  }

  private async spend({ tokenHash, application, rotatedAtMilliseconds }: ImportedRefreshToken): Promise<void> {
    const { report, dryRun } = this.context;
    if (await this.isUsableThere(tokenHash)) return report.count('spent_refresh_tokens', 'present');
    if (!dryRun) {
      // The access token first: if this ends in between, the next run finds the refresh token usable, and does both.
      const accessToken = await this.sink.tokens.accessTokenHashOf(tokenHash);
      if (accessToken !== undefined) await this.context.revoke(accessToken);
      await this.sink.tokens.spend(tokenHash, rotatedAtMilliseconds ?? Date.now());
    }
    report.count('spent_refresh_tokens', 'updated');
    const { revoked_at_source: explanation } = TOKEN_DIFFERENCES;
    report.differ('spent_refresh_tokens', 'revoked_at_source', explanation, application.clientId);
  }

  /** Versions before 3.5 may have one token twice, of which one row is revoked. */
  private async isUsableThere(tokenHash: Buffer): Promise<boolean> {
    if (!this.table.columns.has('token_checksum')) return false;
    const rows = await this.table.findAll(['revoked'], 'token_checksum', [tokenHash.toString('hex')]);
    return rows.some(({ revoked }) => revoked === null || revoked === undefined);
  }
}
