import type { Model } from 'objection';
import type { OAuth2Models } from '../../../storage/index.js';
import type { ImportContext, ImportStage } from './import-context.js';
import { digestColumns, withDigests } from './paged-stage.js';
import { TOKEN_DIFFERENCES } from './reasons.js';
import type { SourceTable } from './source.js';

type TokenModel = OAuth2Models['AccessToken'] | OAuth2Models['RefreshToken'];

/** A token that came earlier and can be used here. */
interface Imported {
  readonly id: number;
  readonly tokenHash: Buffer;
  readonly payload: string | null;
}

/**
 * Finds tokens that came earlier and are no longer at the source, which deletes access tokens that are revoked. They are revoked
 * here only if that is wanted, because a source that was emptied would end them all.
 */
export class GoneStage implements ImportStage {
  private throughIds: readonly [access: number, refresh: number] = [0, 0];

  constructor(
    private readonly context: ImportContext,
    private readonly tables: { readonly accessTokens: SourceTable; readonly refreshTokens: SourceTable },
    private readonly revokeMissing: boolean,
  ) {}

  /** Told before the other stages: what they store did not come earlier. */
  async begin(): Promise<void> {
    const { AccessToken, RefreshToken } = this.context.target.models;
    this.throughIds = [await lastId(AccessToken), await lastId(RefreshToken)];
  }

  async run(): Promise<void> {
    const { AccessToken, RefreshToken } = this.context.target.models;
    const [access, refresh] = this.throughIds;
    await this.search(AccessToken, access, this.tables.accessTokens, 'access_tokens');
    await this.search(RefreshToken, refresh, this.tables.refreshTokens, 'refresh_tokens');
  }

  private async search(
    model: TokenModel,
    throughId: number,
    table: SourceTable,
    kind: 'access_tokens' | 'refresh_tokens',
  ): Promise<void> {
    const { batchSize, signal } = this.context;
    let after = 0;
    while (!signal.aborted && after < throughId) {
      const query = (model as typeof Model)
        .query()
        .where('id', '>', after)
        .where('id', '<=', throughId)
        .where('expires_at_ms', '>', Date.now())
        .whereNull('revoked_at_ms')
        .select('id', 'token_hash', 'payload')
        .orderBy('id')
        .limit(batchSize);
      if (kind === 'refresh_tokens') query.whereNull('rotated_at_ms');
      const rows = (await query) as unknown as Imported[];
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
      await this.check(rows, table, kind);
    }
  }

  private async check(
    rows: readonly Imported[],
    table: SourceTable,
    kind: 'access_tokens' | 'refresh_tokens',
  ): Promise<void> {
    const { report, dryRun } = this.context;
    const imported = rows.flatMap((row) => {
      const id = /"importedFrom":"django:([^"\\]+)"/.exec(row.payload ?? '')?.[1];
      return id === undefined ? [] : [{ ...row, sourceId: id }];
    });
    const found = await table.findAll(
      digestColumns(table),
      'id',
      imported.map(({ sourceId }) => sourceId),
    );
    const digests = new Map((await withDigests(table, found)).map(({ id, digest }) => [id, digest]));
    for (const { tokenHash, sourceId } of imported) {
      // A row may have got another token: without rotation, a refresh replaces the access token in place.
      if (digests.get(sourceId)?.equals(tokenHash)) continue;
      if (!this.revokeMissing) report.differ(kind, 'gone_at_source', TOKEN_DIFFERENCES.gone_at_source);
      else {
        if (!dryRun) await this.context.revoke(tokenHash);
        report.differ(kind, 'revoked_as_gone', TOKEN_DIFFERENCES.revoked_as_gone);
        report.count(kind, 'updated');
      }
    }
  }
}

async function lastId(model: TokenModel): Promise<number> {
  const last = await (model as typeof Model).query().select('id').orderBy('id', 'desc').first();
  return Number((last as { readonly id?: unknown } | undefined)?.id ?? 0);
}
