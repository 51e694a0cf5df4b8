import { importedAccessTokenPayload } from '../../../authorization-server/oidc/imported-payloads.js';
import type { ImportedAccessToken } from '../../../storage/index.js';
import type { ImportContext } from './import-context.js';
import { digestColumns, PagedStage, withDigests } from './paged-stage.js';
import { TOKEN_DIFFERENCES } from './reasons.js';
import type { SourceTable } from './source.js';
import { type SourceRow, timeOf } from './source-values.js';
import { boundsOf, familyIdOf, ownersOf, type TokenRefusal } from './token-mapping.js';
import type { TokenSink } from './token-sink.js';

const COLUMNS = [
  ...['expires', 'scope', 'application_id', 'user_id', 'created', 'source_refresh_token_id', 'resource'],
] as const;

type Read = SourceRow & { readonly digest: Buffer | undefined };

/** Brings the access tokens that have not expired. */
export class AccessTokenStage extends PagedStage {
  constructor(
    context: ImportContext,
    table: SourceTable,
    private readonly refreshTokens: SourceTable,
    private readonly sink: TokenSink,
    private readonly defaultResource: string | undefined,
  ) {
    super(context, table, [...COLUMNS, ...digestColumns(table)]);
  }

  protected override async bring(page: readonly SourceRow[]): Promise<void> {
    const { report } = this.context;
    report.count('access_tokens', 'read', page.length);
    const now = Date.now();
    const live = page.filter((row) => {
      const expires = timeOf(row.expires);
      const refusal = expires === undefined ? 'invalid_time' : expires <= now ? 'expired' : undefined;
      if (refusal !== undefined) this.sink.refuse('access_tokens', refusal, undefined);
      return refusal === undefined;
    });
    const rows = await withDigests(this.table, live);
    await this.sink.repeatIfDeleted(() => this.store(rows));
  }

  private async store(rows: readonly Read[]): Promise<void> {
    const { users } = this.context;
    const [families, applications, userIds] = [
      await this.familiesOf(rows),
      await this.sink.applications.find(rows.map((row) => row.application_id)),
      await users.translate(rows.map((row) => row.user_id)),
    ];
    const mapped = rows.map((row) => {
      const clientId = applications.get(row.application_id ?? '')?.clientId;
      const owners = ownersOf(row, applications, userIds);
      const token = 'refusal' in owners ? owners : this.tokenOf(row, owners, families.get(row.id ?? ''));
      return { token, clientId };
    });
    await this.sink.store('access_tokens', mapped, (tokens) => this.sink.tokens.storeAccessTokens(tokens));
  }

  private tokenOf(
    row: Read,
    { application, userId }: Exclude<ReturnType<typeof ownersOf>, { readonly refusal: TokenRefusal }>,
    familyId: string | undefined,
  ): ImportedAccessToken | { readonly refusal: TokenRefusal } {
    const expiresAtMilliseconds = timeOf(row.expires);
    if (row.digest === undefined) return { refusal: 'no_digest' };
    if (expiresAtMilliseconds === undefined) return { refusal: 'invalid_time' };
    const bounds = boundsOf(row.scope, row.resource, this.defaultResource);
    if ('refusal' in bounds) return bounds;
    if (bounds.scopeLeftOut) {
      const { scope_left_out: explanation } = TOKEN_DIFFERENCES;
      this.context.report.differ('access_tokens', 'scope_left_out', explanation, application?.clientId);
    }
    return {
      tokenHash: row.digest,
      application: application ?? null,
      userId,
      scope: bounds.scope,
      audience: bounds.audience,
      familyId: (userId !== null && familyId) || null,
      createdAtMilliseconds: timeOf(row.created) ?? 0,
      expiresAtMilliseconds,
      payload: importedAccessTokenPayload({ importedFrom: `django:${row.id}` }, bounds.audience),
    };
  }

  /** The families of access tokens: that of the refresh token issued with it, or of the one that it was issued for. */
  private async familiesOf(rows: readonly SourceRow[]): Promise<ReadonlyMap<string, string>> {
    const columns = ['token_family', ...digestColumns(this.refreshTokens)];
    const issuedWith = await this.refreshTokens.findAll(['id', ...columns], 'access_token_id', rows.flatMap(idOf));
    const sources = rows.flatMap((row) => (row.source_refresh_token_id ? [row.source_refresh_token_id] : []));
    const issuedFor = await this.refreshTokens.findAll(['token_family'], 'id', sources);
    const ofSources = new Map(issuedFor.map((row) => [row.id ?? '', familyIdOf(row.token_family, undefined)]));
    const families = new Map<string, string>();
    for (const row of rows) {
      const family = ofSources.get(row.source_refresh_token_id ?? '');
      if (row.id && family !== undefined) families.set(row.id, family);
    }
    for (const row of await withDigests(this.refreshTokens, issuedWith)) {
      const family = familyIdOf(row.token_family, row.digest);
      if (row.access_token_id && family !== undefined) families.set(row.access_token_id, family);
    }
    return families;
  }
}

function idOf({ id }: SourceRow): string[] {
  return id ? [id] : [];
}
