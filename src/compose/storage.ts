import { OpaqueTokens, readOpaqueTokenOptions } from '../core/opaque-tokens/index.js';
import type { CheckedOptions, OAuth2Options } from '../options.js';
import type { TokenCache } from '../resource-server/cache/token-cache.js';
import { readsDatabase } from '../resource-server/verifiers/database.js';
import {
  ApplicationRepository,
  admitUncheckedTokens,
  type BoundedDatabase,
  bindModels,
  boundsOf,
  type ConnectionBreaker,
  type Database,
  DatabaseIdentitySource,
  type OAuth2Models,
  onUnreadableRows,
  openDatabase,
  poolOf,
  readTokenCheck,
  SchemaCheck,
  SessionRepository,
  type TableNames,
  TokenRepository,
  tableNamesOf,
} from '../storage/index.js';
import type { Basis } from './basis.js';
import type { Opened } from './opened.js';

/** The database, and what reads and writes it. */
export interface Storage {
  readonly database: Database;
  /** The deadlines of its statements. */
  readonly bounds: BoundedDatabase;
  readonly models: OAuth2Models;
  readonly tables: TableNames;
  readonly tokens: TokenRepository;
  readonly sessions: SessionRepository;
  /** Whether requests need the database: not if all tokens are of other issuers. */
  readonly isNeeded: boolean;
  /** Whether the database has the tables that requests need. */
  readonly schema: SchemaCheck;
  /** Makes the values of tokens, and recognizes forged ones. */
  readonly opaqueTokens: OpaqueTokens;
  /** Distinguishes this database from others on the same Redis; `undefined` without Redis, where nothing is shared. */
  readonly identity: DatabaseIdentitySource | undefined;
  /** The pool of the database; `undefined` if it does not tell its state. */
  readonly pool: ConnectionBreaker | undefined;
  /** Ends what `pool` tells; the pool of the host lives on. */
  stopObserving(): void;
}

/** @throws ConfigurationError if the database or a model cannot be used */
export function composeStorage(
  options: CheckedOptions,
  { clock, logger, log, observation }: Basis,
  opened: Opened,
): Storage {
  const database = openDatabase(options.database, {
    logger,
    deadlineMilliseconds: options.databaseDeadlineMilliseconds,
  });
  const bounds = boundsOf(database);
  opened.add(() => bounds.close());
  const pool = poolOf(database, logger);
  const unobserve = pool?.observe((state) =>
    observation.events.tell('store.changed', () => ({ store: 'database', state })),
  );
  const models = bindModels(bounds.statements, options.models);
  onUnreadableRows(bounds.statements, ({ table, id, columns }) =>
    log.error(
      `unreadable row of ${table}`,
      `The row ${id} of ${table} counts as not there, because it cannot be read; look at its ${columns.join(', ')}.`,
    ),
  );
  const identity = options.redis === undefined ? undefined : new DatabaseIdentitySource(bounds.statements, logger);
  opened.add(async () => identity?.close());
  const tables = tableNamesOf(models);
  const needed = neededTables(options, tables);
  return {
    database,
    bounds,
    models,
    tables,
    isNeeded: needed.length > 0,
    schema: new SchemaCheck(bounds.statements, needed, clock),
    tokens: new TokenRepository(models, { clock }),
    sessions: new SessionRepository(models, { clock }),
    opaqueTokens: new OpaqueTokens(readOpaqueTokenOptions('opaqueTokens', options.opaqueTokens), {
      read: () => readTokenCheck(bounds.statements),
      admitUnchecked: () => admitUncheckedTokens(bounds.statements),
      clock,
      logger,
    }),
    identity,
    pool,
    stopObserving: () => unobserve?.(),
  };
}

/** The tables without which requests cannot be decided on. */
function neededTables({ authorizationServer, verifiers }: OAuth2Options, tables: TableNames): readonly string[] {
  if (authorizationServer !== undefined) return Object.values(tables);
  const isNeeded = verifiers === undefined || verifiers.some(readsDatabase);
  return isNeeded ? [tables.accessTokens, tables.applications] : [];
}

/** Creates the repository of applications. When one changes, it is dropped from every cache. */
export function composeApplications(
  options: OAuth2Options,
  { clock, random, events }: Basis,
  { models }: Storage,
  cache: TokenCache,
): ApplicationRepository {
  return new ApplicationRepository(models, {
    clock,
    random,
    invalidate: ({ clientId }) => cache.invalidate({ kind: 'application', clientId }, []),
    redirectUriSchemes: options.authorizationServer?.redirectUriSchemes,
    secretRotated: ({ clientId, userId }, overlapSeconds) =>
      events.tell('application.secretRotated', () => ({ clientId, userId: userId ?? undefined, overlapSeconds })),
    trustCleared: ({ clientId, userId }, cleared) =>
      events.tell('application.trustCleared', () => ({ clientId, userId: userId ?? undefined, cleared })),
  });
}
