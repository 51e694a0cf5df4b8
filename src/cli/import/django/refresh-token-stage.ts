import { importedRefreshTokenPayload } from '../../../authorization-server/oidc/imported-payloads.js';
import type { ImportedRefreshToken } from '../../../storage/index.js';
import type { ImportContext } from './import-context.js';
import { digestColumns, PagedStage, withDigests } from './paged-stage.js';
import type { SourceTable } from './source.js';
import { OVERSIZED, type SourceRow, timeOf } from './source-values.js';
import { boundsOf, familyIdOf, ownersOf, type TokenRefusal } from './token-mapping.js';
import type { TokenSink } from './token-sink.js';

const COLUMNS = [
  'access_token_id',
  'application_id',
  'user_id',
  'created',
  'revoked',
  'token_family',
  'resource',
] as const;

export type ReadRefreshToken = SourceRow & { readonly digest: Buffer | undefined };

/** The access token that a refresh token was issued with: its scope is that of the refresh token. */
interface IssuedWith {
  readonly scope: string;
  readonly digest: Buffer | undefined;
}

/** What refresh tokens are stored with. */
export interface RefreshTokenLifetime {
  /** From when it is counted, in milliseconds since the Unix epoch. */
  readonly begunAtMilliseconds: number;
  readonly seconds: number;
}

/** The base of the stages that read the table of refresh tokens. */
export abstract class RefreshTokenPages extends PagedStage {
  constructor(
    context: ImportContext,
    table: SourceTable,
    protected readonly sink: TokenSink,
    private readonly lifetime: RefreshTokenLifetime,
  ) {
    super(context, table, [...COLUMNS, ...digestColumns(table)]);
  }

  /** The applications and users of rows, and the function that makes tokens of them. */
  protected async mapper(rows: readonly ReadRefreshToken[]) {
    const applications = await this.sink.applications.find(rows.map((row) => row.application_id));
    const users = await this.context.users.translate(rows.map((row) => row.user_id));
    return (row: ReadRefreshToken, issuedWith: IssuedWith | undefined, rotatedAtMilliseconds: number | null) => ({
      clientId: applications.get(row.application_id ?? '')?.clientId,
      token: this.tokenOf(row, ownersOf(row, applications, users), issuedWith, rotatedAtMilliseconds),
    });
  }

  private tokenOf(
    row: ReadRefreshToken,
    owners: ReturnType<typeof ownersOf>,
    issuedWith: IssuedWith | undefined,
    rotatedAtMilliseconds: number | null,
  ): ImportedRefreshToken | { readonly refusal: TokenRefusal } {
    if ('refusal' in owners) return owners;
    const { application, userId } = owners;
    const familyId = familyIdOf(row.token_family, row.digest);
    if (row.digest === undefined || familyId === undefined) return { refusal: 'no_digest' };
    if (!application) return { refusal: 'no_application' };
    if (userId === null) return { refusal: 'no_user' };
    const bounds = boundsOf(issuedWith?.scope, row.resource, undefined);
    if ('refusal' in bounds) return bounds;
    const { begunAtMilliseconds, seconds } = this.lifetime;
    const expiresAtMilliseconds = begunAtMilliseconds + seconds * 1000;
    return {
      tokenHash: row.digest,
      ...{ application, userId, familyId, expiresAtMilliseconds, rotatedAtMilliseconds },
      scope: bounds.scope,
      audience: bounds.audience,
      createdAtMilliseconds: timeOf(row.created) ?? begunAtMilliseconds,
      familyExpiresAtMilliseconds: expiresAtMilliseconds,
      accessTokenHash: issuedWith?.digest ?? null,
      payload: importedRefreshTokenPayload({ importedFrom: `django:${row.id}` }, bounds.audience, begunAtMilliseconds),
    };
  }
}

/** Brings the refresh tokens that can be used, with the grants of their families. */
export class RefreshTokenStage extends RefreshTokenPages {
  constructor(
    context: ImportContext,
    table: SourceTable,
    private readonly accessTokens: SourceTable,
    sink: TokenSink,
    lifetime: RefreshTokenLifetime,
  ) {
    super(context, table, sink, lifetime);
  }

  protected override async bring(page: readonly SourceRow[]): Promise<void> {
    const live = page.filter((row) => row.revoked === null || row.revoked === undefined);
    this.context.report.count('refresh_tokens', 'read', live.length);
    const rows = await withDigests(this.table, live);
    await this.sink.repeatIfDeleted(async () => {
      const [map, issued] = [await this.mapper(rows), await this.issuedWith(rows)];
      const mapped = rows.map((row) => {
        const accessToken = issued.get(row.id ?? '');
        const one = map(row, accessToken, null);
        return accessToken === undefined ? { ...one, token: { refusal: 'orphan' as const } } : one;
      });
      await this.sink.store('refresh_tokens', mapped, (tokens) => this.sink.tokens.storeRefreshTokens(tokens));
    });
  }

  private async issuedWith(rows: readonly SourceRow[]): Promise<ReadonlyMap<string, IssuedWith>> {
    const ids = rows.flatMap((row) => (row.access_token_id ? [row.access_token_id] : []));
    const found = await this.accessTokens.findAll(['scope', ...digestColumns(this.accessTokens)], 'id', ids);
    const byId = new Map((await withDigests(this.accessTokens, found)).map((row) => [row.id, row]));
    return new Map(
      rows.flatMap((row) => {
        const accessToken = byId.get(row.access_token_id);
        // Its scope is known in part only.
        if (!row.id || accessToken === undefined || accessToken[OVERSIZED] !== undefined) return [];
        return [[row.id, { scope: accessToken.scope ?? '', digest: accessToken.digest }] as const];
      }),
    );
  }
}
