import { ConfigurationError } from '../../../core/errors.js';
import { isPrintable } from '../../../core/printable.js';
import type { DjangoSource } from './source.js';

/**
 * How ids of users are written here. `stored`: as the database of the source writes them. `uuid`: UUIDs with hyphens, which
 * MySQL and SQLite store without.
 */
export const USER_ID_FORMS = ['stored', 'uuid'] as const;

export type UserIdForm = (typeof USER_ID_FORMS)[number];

/** A column of the table of users that has the ids of users here, such as `auth_user.username`. */
export interface UserColumn {
  readonly table: string;
  readonly column: string;
}

/** Translates the ids of users. */
export class UserIds {
  constructor(
    private readonly source: DjangoSource,
    private readonly form: UserIdForm,
    private readonly column: UserColumn | undefined,
  ) {}

  /**
   * The ids here by the ids of the source, without those that cannot be stored, or of users that are not there.
   *
   * @throws ConfigurationError if the table or the column of users is not there
   */
  async translate(ids: readonly (string | null | undefined)[]): Promise<ReadonlyMap<string, string>> {
    const given = [...new Set(ids.flatMap((id) => (id ? [id] : [])))];
    const { column } = this;
    if (column === undefined) return usable(given.map((id) => [id, this.written(id)]));
    if (given.length === 0) return new Map();
    const users = await this.source.table(column.table);
    if (users === undefined || !users.columns.has(column.column)) {
      throw new ConfigurationError(
        'The option --user-id-column names a table or column that the source does not have.',
      );
    }
    const rows = await users.findAll([column.column], 'id', given);
    return usable(rows.flatMap((row) => (row.id ? [[row.id, this.written(row[column.column] ?? '')]] : [])));
  }

  private written(id: string): string {
    if (this.form !== 'uuid' || !/^[0-9a-f]{32}$/i.test(id)) return id;
    return id.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}

/** An id that a database would compare as equal with another one, or cannot store, is none. */
function usable(entries: readonly (readonly string[])[]): ReadonlyMap<string, string> {
  const fits = (id: string) => id !== '' && id.length <= 255 && isPrintable(id) && id.trim() === id;
  return new Map(entries.flatMap(([from = '', to = '']) => (fits(to) ? [[from, to] as const] : [])));
}
