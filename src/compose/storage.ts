import type { OAuth2Options } from '../options.js';
import type { TokenCache } from '../resource-server/cache/token-cache.js';
import {
  ApplicationRepository,
  type BoundedDatabase,
  bindModels,
  boundsOf,
  type Database,
  DatabaseIdentitySource,
  type OAuth2Models,
  openDatabase,
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
  /** Distinguishes this database from others on the same Redis; `undefined` without Redis, where nothing is shared. */
  readonly identity: DatabaseIdentitySource | undefined;
}

/** @throws ConfigurationError if the database or a model cannot be used */
export function composeStorage(options: OAuth2Options, { clock, logger }: Basis, opened: Opened): Storage {
  const database = openDatabase(options.database, {
    logger,
    deadlineMilliseconds: options.databaseDeadlineMilliseconds,
  });
  const bounds = boundsOf(database);
  opened.add(() => bounds.close());
  const models = bindModels(bounds.statements, options.models);
  const identity = options.redis === undefined ? undefined : new DatabaseIdentitySource(bounds.statements, logger);
  opened.add(async () => identity?.close());
  return {
    database,
    bounds,
    models,
    tables: tableNamesOf(models),
    tokens: new TokenRepository(models, { clock }),
    sessions: new SessionRepository(models, { clock }),
    identity,
  };
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
      events.emit('application.secretRotated', { clientId, userId: userId ?? undefined, overlapSeconds }),
    trustCleared: ({ clientId, userId }, cleared) =>
      events.emit('application.trustCleared', { clientId, userId: userId ?? undefined, cleared }),
  });
}
