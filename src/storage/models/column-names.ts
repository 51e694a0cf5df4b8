import { type ColumnNameMappers, type Pojo, snakeCaseMappers } from 'objection';

const snakeCase = snakeCaseMappers();

/**
 * The times whose columns end in `_ms` (`created_at_ms`) and whose properties end in `Milliseconds`. Only those of this
 * package are listed, so that the columns that a host adds keep the names of Objection's `snakeCaseMappers`.
 */
const TIMES = [
  'begunAt',
  'claimedAt',
  'consumedAt',
  'createdAt',
  'decidedAt',
  'disabledAt',
  'expiresAt',
  'familyExpiresAt',
  'metadataExpiresAt',
  'previousSecretExpiresAt',
  'retiredAt',
  'revokedAt',
  'rotatedAt',
  'signsFrom',
  'trustClearedAt',
  'updatedAt',
];

const properties = new Map(TIMES.map((time) => [`${time}Ms`, `${time}Milliseconds`]));
const shortNames = new Map(TIMES.map((time) => [`${time}Milliseconds`, `${time}Ms`]));

function renamed(row: Pojo, names: ReadonlyMap<string, string>): Pojo {
  const result: Pojo = {};
  for (const name of Object.keys(row)) result[names.get(name) ?? name] = row[name];
  return result;
}

/** Maps columns in snake_case to properties in camelCase: `user_id` to `userId`, `created_at_ms` to `createdAtMilliseconds`. */
export const columnNameMappers: ColumnNameMappers = {
  parse: (row) => renamed(snakeCase.parse(row), properties),
  format: (model) => snakeCase.format(renamed(model, shortNames)),
};
