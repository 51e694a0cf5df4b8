import { importedGrantPayload } from '../../../authorization-server/oidc/imported-payloads.js';
import { systemClock } from '../../../core/clock.js';
import { admitUncheckedTokens, ImportedApplications, ImportedTokens } from '../../../storage/index.js';
import { AccessTokenStage } from './access-token-stage.js';
import { ApplicationMapping, type MappingRules } from './application-mapping.js';
import { ApplicationStage } from './application-stage.js';
import { GoneStage } from './gone-stage.js';
import type { ImportContext, ImportStage } from './import-context.js';
import { KnownApplications } from './known-applications.js';
import { RefreshTokenStage } from './refresh-token-stage.js';
import { SOURCE_MODELS, SourceError, type SourceModel, type SourceTable } from './source.js';
import { SpentTokenStage } from './spent-token-stage.js';
import { TokenSink } from './token-sink.js';

/** What an import is told, besides where to read. */
export interface DjangoImportOptions extends MappingRules {
  /** Whether applications that are here and were changed at the source later are changed here too. */
  readonly updateApplications: boolean;
  /** For how long refresh tokens can be used, from now on. */
  readonly refreshLifetimeSeconds: number;
  /** The audience of access tokens that name no resource. */
  readonly defaultResource: string | undefined;
  /** Whether tokens that came earlier and are no longer at the source are revoked. */
  readonly revokeMissing: boolean;
}

/** Brings the data of a Django OAuth Toolkit, table by table. Rows that have come before are recognized and kept. */
export class DjangoImport {
  private constructor(
    private readonly stages: readonly ImportStage[],
    /** How many rows the stages read; less if it took too long to count. */
    readonly total: number,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws SourceError if the source cannot be read, or a table is missing */
  static async prepare(context: ImportContext, options: DjangoImportOptions): Promise<DjangoImport> {
    const tables = await tablesOf(context);
    const total = (await counted(tables.application)) + (await counted(tables.accesstoken));
    const refreshTokens = await counted(tables.refreshtoken);
    return new DjangoImport(stagesOf(context, tables, options), total + 2 * refreshTokens, context.signal);
  }

  async run(): Promise<void> {
    for (const stage of this.stages) await stage.begin?.();
    for (const stage of this.stages) {
      if (this.signal.aborted) return;
      await stage.run();
    }
  }
}

type Tables = Readonly<Record<SourceModel, SourceTable>>;

/** Tokens refer to applications, and refresh tokens to access tokens. */
function stagesOf(context: ImportContext, tables: Tables, options: DjangoImportOptions): ImportStage[] {
  const { target, dryRun, report } = context;
  const { application, accesstoken: accessTokens, refreshtoken: refreshTokens } = tables;
  const applications = new ImportedApplications(target.models, { redirectUriSchemes: options.redirectSchemes });
  const mapping = new ApplicationMapping(applications, options);
  const tokens = new ImportedTokens(target.models, { clock: systemClock, describeGrant: importedGrantPayload, dryRun });
  const known = new KnownApplications(application, applications, mapping, dryRun);
  const sink = new TokenSink(tokens, known, report, async () => {
    // Tokens of another server have no check characters.
    if (!dryRun) await admitUncheckedTokens(target.knex);
  });
  const lifetime = { begunAtMilliseconds: systemClock.nowMilliseconds(), seconds: options.refreshLifetimeSeconds };
  return [
    new ApplicationStage(context, application, applications, mapping, options.updateApplications),
    new AccessTokenStage(context, accessTokens, refreshTokens, sink, options.defaultResource),
    new RefreshTokenStage(context, refreshTokens, accessTokens, sink, lifetime),
    new SpentTokenStage(context, refreshTokens, sink, lifetime),
    new GoneStage(context, { accessTokens, refreshTokens }, options.revokeMissing),
  ];
}

async function tablesOf({ source }: ImportContext): Promise<Tables> {
  const tables: Partial<Record<SourceModel, SourceTable>> = {};
  for (const model of SOURCE_MODELS) {
    const table = await source.model(model);
    if (table === undefined) throw new SourceError(`the source has no table ${source.nameOf(model)}`);
    tables[model] = table;
  }
  return tables as Tables;
}

/** A count that takes too long is only missed by the display of the progress. */
function counted(table: SourceTable): Promise<number> {
  return table.count().catch(() => 0);
}
