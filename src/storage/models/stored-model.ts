import { Model, type Pojo, snakeCaseMappers } from 'objection';

/**
 * What all models share: properties in camelCase over columns in snake_case, a numeric `id`, and times as numbers of
 * milliseconds since the Unix epoch (UTC), whatever the driver makes of a BIGINT.
 *
 * In queries, columns go by their own names: `AccessToken.query().where('user_id', id)`.
 */
export class StoredModel extends Model {
  static override columnNameMappers = snakeCaseMappers();
  static override useLimitInFirst = true;

  /** Properties that hold numbers, beside `id` and those that end in `AtMs`. */
  static numericProperties: readonly string[] = [];
  /** Properties that hold truth values. */
  static booleanProperties: readonly string[] = [];
  /** Properties that are left out when a model is written as JSON, so that no response can show them by mistake. */
  static hiddenProperties: readonly string[] = [];

  id!: number;

  override $parseDatabaseJson(json: Pojo): Pojo {
    const parsed = super.$parseDatabaseJson(json);
    const { numericProperties, booleanProperties } = this.constructor as typeof StoredModel;
    for (const name of Object.keys(parsed)) {
      const value: unknown = parsed[name];
      if (value === null || value === undefined) continue;
      // pg answers a BIGINT as a string, so that no digit is lost; ours are far below 2^53.
      if (name === 'id' || name.endsWith('AtMs') || numericProperties.includes(name)) parsed[name] = Number(value);
      else if (booleanProperties.includes(name)) parsed[name] = Boolean(value);
    }
    return parsed;
  }

  override $formatJson(json: Pojo): Pojo {
    const formatted = super.$formatJson(json);
    for (const name of (this.constructor as typeof StoredModel).hiddenProperties) delete formatted[name];
    return formatted;
  }
}
