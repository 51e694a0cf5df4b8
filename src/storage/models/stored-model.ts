import { Model, type Pojo } from 'objection';
import { storedNumber } from '../stored-number.js';
import { columnNameMappers } from './column-names.js';

/**
 * The base of all models: properties in camelCase for columns in snake_case, a numeric `id`, and times as milliseconds
 * since the Unix epoch (UTC), whatever type the driver uses for BIGINT.
 *
 * Queries use the names of columns: `AccessToken.query().where('user_id', id)`.
 *
 * @example
 * ```ts
 * import type { StoredModel } from 'routing-controllers-oauth2/storage';
 *
 * export const idsOf = (rows: readonly StoredModel[]): number[] => rows.map(({ id }) => id);
 * ```
 */
export class StoredModel extends Model {
  /** Maps properties in camelCase to columns in snake_case. */
  static override columnNameMappers = columnNameMappers;
  /** `first()` asks the database for one row only. */
  static override useLimitInFirst = true;

  /** Numeric properties, besides `id` and those that end in `AtMilliseconds`. */
  static numericProperties: readonly string[] = [];
  /** Boolean properties. */
  static booleanProperties: readonly string[] = [];
  /** Properties that are left out of JSON, so that no response can show them by mistake. */
  static hiddenProperties: readonly string[] = [];

  /** The id of the row. */
  id!: number;

  /** Converts what drivers return as text or numbers to the types of the properties. */
  override $parseDatabaseJson(json: Pojo): Pojo {
    const parsed = super.$parseDatabaseJson(json);
    const { numericProperties, booleanProperties } = this.constructor as typeof StoredModel;
    for (const name of Object.keys(parsed)) {
      const value: unknown = parsed[name];
      if (value === null || value === undefined) continue;
      // pg returns a BIGINT as a string, to keep all digits; the values here are far below 2^53.
      if (name === 'id' || /At(?:Milliseconds|Ms)$/.test(name) || numericProperties.includes(name))
        parsed[name] = storedNumber(value);
      else if (booleanProperties.includes(name)) parsed[name] = flagOf(value);
    }
    return parsed;
  }

  /** Leaves out the hidden properties. */
  override $formatJson(json: Pojo): Pojo {
    const formatted = super.$formatJson(json);
    for (const name of (this.constructor as typeof StoredModel).hiddenProperties) delete formatted[name];
    return formatted;
  }
}

/** What a driver returns for a flag. Anything else stays what it is, since neither answer would be that of the row. */
function flagOf(value: unknown): unknown {
  if (value === 1 || value === 1n || value === '1') return true;
  return value === 0 || value === 0n || value === '0' ? false : value;
}
