import type { Knex } from 'knex';
import { boundsOf, type Database, type Dialect, openDatabase } from '../../../storage/index.js';
import { OVERSIZED, type SourceRow, withOffset } from './source-values.js';
import type { TimeZone } from './time-zone.js';

/** The models of Django OAuth Toolkit whose tables are read. */
export const SOURCE_MODELS = ['application', 'accesstoken', 'refreshtoken'] as const;

export type SourceModel = (typeof SOURCE_MODELS)[number];

/** The source cannot be read (with a `cause`), or is not what it should be. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SourceError('the source cannot be read', { cause: error });
  }
}

/** Where the tables are. */
export interface SourceOptions {
  /** What the names of the tables begin with. */
  readonly tablePrefix: string;
  /** Names of single tables, where a project has models of its own. */
  readonly tables: Readonly<Partial<Record<SourceModel, string>>>;
  /** The schema (PostgreSQL) or database (MySQL) of the tables; `undefined`: that of the connection. */
  readonly schema: string | undefined;
  /** The zone of times that are stored without an offset; `undefined`: UTC. */
  readonly timeZone: TimeZone | undefined;
  /** How long a statement may take. */
  readonly deadlineMilliseconds: number;
}

/** More characters of a value than these are not read: a page of rows must fit into memory, whatever strangers stored. */
const LONGEST_VALUE = 100_000;

/** The columns with times, which databases write in different ways. */
const TIMES: ReadonlySet<string> = new Set(['created', 'updated', 'expires', 'revoked']);

/** A table of the source, read as text by pages along its primary key. */
export class SourceTable {
  constructor(
    private readonly knex: Knex,
    private readonly dialect: Dialect,
    readonly name: string,
    private readonly schema: string | undefined,
    private readonly timeZone: TimeZone | undefined,
    /** Its columns; they differ between versions of the source. */
    readonly columns: ReadonlySet<string>,
  ) {}

  /** The rows after a key, in the order of the primary key `id`; of the wanted columns those that there are. */
  async page(wanted: readonly string[], afterId: string | undefined, limit: number): Promise<SourceRow[]> {
    const query = this.select(['id', ...wanted])
      // By the column: `id` alone would be the text that is selected under this name.
      .orderBy(`${this.name}.id`)
      .limit(limit);
    if (afterId !== undefined) query.where('id', '>', keyOf(afterId));
    return reading(async () => this.rowsOf(await query));
  }

  /** The rows with one of these values in a column. */
  async findAll(wanted: readonly string[], column: string, values: readonly string[]): Promise<SourceRow[]> {
    const different = [...new Set(values)];
    if (different.length === 0) return [];
    return reading(async () =>
      this.rowsOf(await this.select([column, ...wanted]).whereIn(column, different.map(keyOf))),
    );
  }

  /** How many rows there are. */
  async count(): Promise<number> {
    const [row] = await reading(async () => this.from().count({ rows: '*' }));
    return Number((row as { readonly rows?: unknown } | undefined)?.rows ?? 0);
  }

  private rowsOf(read: readonly SourceRow[]): SourceRow[] {
    const rows = bounded(read);
    const zone = this.timeZone;
    if (zone === undefined) return rows;
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          typeof value === 'string' && TIMES.has(name) ? withOffset(value, zone) : value,
        ]),
      ),
    );
  }

  private select(wanted: readonly string[]): Knex.QueryBuilder {
    const names = [...new Set(wanted)].filter((name) => this.columns.has(name));
    return this.from().select(names.map((name) => this.asText(name)));
  }

  private from(): Knex.QueryBuilder {
    const query = this.knex(this.name);
    return this.schema === undefined ? query : query.withSchema(this.schema);
  }

  private asText(name: string): Knex.Raw {
    // The text of a time depends on the session's settings there.
    const isTime = TIMES.has(name) && this.dialect === 'postgres';
    const type = this.dialect === 'mysql' ? 'CHAR' : 'TEXT';
    const text = `CAST(${isTime ? 'EXTRACT(EPOCH FROM ??)' : '??'} AS ${type})`;
    return this.knex.raw(`SUBSTR(${text}, 1, ${LONGEST_VALUE + 1}) AS ??`, [name, name]);
  }
}

/** Marks rows of which a value is longer than what is read: a part of it may say something else than all of it. */
function bounded(rows: readonly SourceRow[]): SourceRow[] {
  return rows.map((row) => {
    const isCut = Object.values(row).some((value) => typeof value === 'string' && value.length > LONGEST_VALUE);
    return isCut ? { ...row, [OVERSIZED]: 'yes' } : row;
  });
}

/** A number stays one as long as all its digits are kept: databases compare text with numbers inexactly. */
function keyOf(text: string): string | number {
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}

/** The database of a Django project, which is only read. */
export class DjangoSource {
  private constructor(
    private readonly database: Database,
    private readonly options: SourceOptions,
  ) {}

  /** @throws ConfigurationError if the URL cannot be parsed */
  static open(url: string, options: SourceOptions): DjangoSource {
    const { deadlineMilliseconds } = options;
    return new DjangoSource(openDatabase(url, { readOnly: true, deadlineMilliseconds }), options);
  }

  /** The table of a model; `undefined` if there is none. */
  model(model: SourceModel): Promise<SourceTable | undefined> {
    return this.table(this.nameOf(model));
  }

  /** The name of the table of a model. */
  nameOf(model: SourceModel): string {
    return this.options.tables[model] ?? `${this.options.tablePrefix}${model}`;
  }

  /** A table by its name; `undefined` if there is none. */
  async table(name: string): Promise<SourceTable | undefined> {
    const { knex, dialect } = this.database;
    const { schema, timeZone } = this.options;
    const query = knex(name);
    const info = await reading(async () => (schema === undefined ? query : query.withSchema(schema)).columnInfo());
    const columns = new Set(Object.keys(info));
    return columns.size === 0 ? undefined : new SourceTable(knex, dialect, name, schema, timeZone, columns);
  }

  async close(): Promise<void> {
    await boundsOf(this.database).close();
  }
}
