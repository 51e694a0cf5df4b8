import type { Knex } from 'knex';
import { coveredByRevocation } from '../covered-by-revocation.js';
import { dialectOf } from '../database.js';
import { isConnectionError, storageError } from '../database-errors.js';
import type { TableNames } from '../tables.js';
import { type AccessTokenRow, accessTokenRow, ROW_COLUMNS } from '../token-row.js';

/** Aliases that no name mapping of the host's knex can change. */
const ALIASES = [...ROW_COLUMNS.map((_, index) => `c${index}`), `c${ROW_COLUMNS.length}`];
const SELECTION = Object.fromEntries(ROW_COLUMNS.map((column, index) => [`c${index}`, column]));

/** For drivers without a reader of their own (`sqlite3`, `mysql`, `pgnative`): the same statement through knex. */
export class QueryBuilderReader {
  constructor(
    private readonly knex: Knex,
    private readonly tables: TableNames,
    private readonly timeoutMilliseconds: number,
  ) {}

  async read(tokenHash: Buffer): Promise<AccessTokenRow | undefined> {
    try {
      return await this.attempt(tokenHash);
    } catch (error) {
      if (!isConnectionError(error)) throw storageError(error);
    }
    try {
      return await this.attempt(tokenHash);
    } catch (error) {
      throw storageError(error);
    }
  }

  private covered(): Knex.Raw {
    const quote = dialectOf(this.knex) === 'postgres' ? '"' : '`';
    return this.knex.raw(`${coveredByRevocation(quote, 't')} as ??`, [`c${ROW_COLUMNS.length}`]);
  }

  private async attempt(tokenHash: Buffer): Promise<AccessTokenRow | undefined> {
    const row = await this.knex<Record<string, unknown>>({ t: this.tables.accessTokens })
      .leftJoin({ a: this.tables.applications }, 'a.id', 't.application_id')
      .where('t.token_hash', tokenHash)
      .timeout(this.timeoutMilliseconds)
      .first<Record<string, unknown> | undefined>(SELECTION, this.covered());
    return row === undefined ? undefined : accessTokenRow(ALIASES.map((alias) => row[alias]));
  }
}
