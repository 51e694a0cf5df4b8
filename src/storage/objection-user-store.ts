import type { Knex } from 'knex';
import type { Model } from 'objection';
import { ConfigurationError } from '../core/errors.js';
import { reasonOf } from '../core/logged-failure.js';
import { silentLogger } from '../core/logger.js';
import type { UserStore } from '../core/users.js';
import { errorCode, isOutage, orAway, unavailable } from './database-errors.js';
import { boundedStatements, DEFAULT_DEADLINE_MILLISECONDS } from './deadlines/index.js';
import { withoutStatement } from './driver-errors/index.js';

/** Options for reading the host's user model. */
export interface ObjectionUserStoreOptions<User> {
  /** The column of the id; the default is `id`. */
  readonly idColumn?: string;
  /**
   * Whether a user may act now. The default reads the property `isActive` (or `is_active`) if the model has one, as
   * Django's users do; otherwise every user is active.
   */
  readonly isActive?: (user: User) => boolean;
  /** The knex instance for a model that is not bound to one. */
  readonly knex?: Knex;
  /**
   * After how many milliseconds without an answer a look-up fails, and the request is answered with 503; the default is
   * 5000.
   */
  readonly deadlineMilliseconds?: number;
}

/** PostgreSQL's codes for a value that the column cannot contain: not a number, out of range, not UTF-8. */
const NO_SUCH_VALUE = new Set(['22P02', '22003', '22021', '22007']);

/**
 * The host's users, read through its own Objection model.
 *
 * @param model the class of the users; the host binds it to knex, or gives `knex` in the options
 * @param options the column of the id, who is active, and the deadline in milliseconds
 * @returns what the option `users` takes; its `findById` rejects with TemporarilyUnavailableError if the database
 *   cannot answer
 *
 * @example
 * ```ts
 * import { Model } from 'objection';
 * import { createOAuth2, objectionUserStore } from 'routing-controllers-oauth2';
 *
 * class User extends Model {
 *   static override tableName = 'users';
 *   declare id: number;
 *   declare blocked: boolean;
 * }
 *
 * export const oauth2 = createOAuth2({
 *   database: 'mysql://shop@localhost/shop',
 *   users: objectionUserStore(User, { isActive: (user) => !user.blocked }),
 * });
 * ```
 */
export function objectionUserStore<User extends Model>(
  model: (new () => User) & Pick<typeof Model, 'bindKnex' | 'columnNameToPropertyName'>,
  options: ObjectionUserStoreOptions<User> = {},
): UserStore<User> & {
  /** The id of a user. */
  idOf(user: User): string;
  /** Resolves if users can be read; throws ConfigurationError or TemporarilyUnavailableError otherwise. */
  ready(): Promise<void>;
} {
  const { idColumn = 'id', isActive = isActiveByDefault } = options;
  const { deadlineMilliseconds = DEFAULT_DEADLINE_MILLISECONDS } = options;
  const bound = (options.knex === undefined ? model : model.bindKnex(options.knex)) as typeof model & typeof Model;
  const idOf = (user: User): string =>
    String((user as Record<string, unknown>)[bound.columnNameToPropertyName(idColumn)]);

  /**
   * The user that is found keeps the host's own model: the host's later queries through it have no deadline of this
   * package.
   */
  const asked = (): Knex | undefined => {
    const knex: (Knex & { readonly isTransaction?: boolean }) | undefined = bound.knex();
    if (knex === undefined || knex.isTransaction || typeof knex.withUserParams !== 'function') return knex;
    return boundedStatements(knex, { deadlineMilliseconds, logger: silentLogger });
  };

  return {
    isActive,
    idOf,
    async ready() {
      try {
        await bound.query(asked()).select(idColumn).first();
      } catch (error) {
        if (isOutage(error)) throw unavailable(error);
        const reason = withoutStatement(reasonOf(error));
        throw new ConfigurationError(
          `The users of objectionUserStore(${model.name}) cannot be read (${reason}): correct the tableName of ${model.name} and the option idColumn, create its table before oauth2.ready(), and bind it to knex.`,
        );
      }
    },
    async findById(id) {
      // A session or a parsed body may contain anything; only a string can be an id.
      if (typeof id !== 'string' || id === '' || id.includes('\0')) return undefined;
      const user = await orAway(async () => {
        try {
          return (await bound.query(asked()).where(idColumn, id).first()) as User | undefined;
        } catch (error) {
          if (NO_SUCH_VALUE.has(errorCode(error))) return undefined;
          throw error;
        }
      });
      // MySQL finds the number 5 for '5abc', and ignores case in strings: only the exact id is the same user.
      return user !== undefined && idOf(user) === id ? user : undefined;
    },
  };
}

function isActiveByDefault(user: unknown): boolean {
  const { isActive, is_active: inSnakeCase } = user as { readonly isActive?: unknown; readonly is_active?: unknown };
  if (typeof isActive === 'function') return Boolean(isActive.call(user));
  const flag = isActive ?? inSnakeCase;
  // A column that exists but is null does not mean that the user is active.
  if (flag === undefined) return isActive === undefined && inSnakeCase === undefined;
  return Boolean(flag);
}
