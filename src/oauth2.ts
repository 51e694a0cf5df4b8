import Koa from 'koa';
import { createExecutor, type RoutingControllersOptions } from 'routing-controllers';
import { type AuthorizationServer, COMPLETE } from './authorization-server/authorization-server-factory.js';
import type { AuthorizationServerDependencies } from './authorization-server/server-dependencies.js';
import { CorrectedClock, systemClock } from './core/clock.js';
import { ConfigurationError } from './core/errors.js';
import { OAuth2Events } from './core/events.js';
import { LogLimiter } from './core/log-limiter.js';
import { refuseOption } from './core/options/index.js';
import type { IdentitySource } from './core/shared-identity.js';
import { systemRandomBytes } from './core/token-value.js';
import { AUTHENTICATOR, bearer, isFactory, type OAuth2Options, readOptions } from './options.js';
import { activeUser } from './resource-server/active-user.js';
import { fieldsRead } from './resource-server/authentication/authentication-steps.js';
import type { Authenticator } from './resource-server/authentication/authenticator.js';
import { BadTokens } from './resource-server/authentication/bad-tokens.js';
import { BearerAuthenticator, type BearerDependencies } from './resource-server/authentication/bearer.js';
import { LookUpAdmission } from './resource-server/authentication/look-up-admission.js';
import { SessionAuthenticator } from './resource-server/authentication/session.js';
import { BrowserSessions } from './resource-server/browser-sessions.js';
import { createTokenCache } from './resource-server/cache/index.js';
import type { TokenCache } from './resource-server/cache/token-cache.js';
import { ErrorResponder } from './resource-server/error-response.js';
import { requestAddress } from './resource-server/request-address.js';
import { TokenService } from './resource-server/token-service.js';
import { createVerifierChain, type VerifierChain } from './resource-server/verifiers/chain.js';
import { databaseTokens } from './resource-server/verifiers/database.js';
import { type ActionSummary, describeActions, refuseProblems } from './routing-controllers/audit.js';
import { type CheckerOptions, checkers, currentUserChecker } from './routing-controllers/checkers.js';
import { PlanCompiler } from './routing-controllers/compile.js';
import { withIndexedMetadata } from './routing-controllers/fast/metadata-index.js';
import { Guard } from './routing-controllers/guard.js';
import { linkToHttpError } from './routing-controllers/http-error.js';
import { OAuth2KoaDriver } from './routing-controllers/koa-driver.js';
import { Refusals } from './routing-controllers/refusals.js';
import { tellingOutages } from './storage/host-outages.js';
import {
  ApplicationRepository,
  assertMigrated,
  type BoundedDatabase,
  bindModels,
  boundsOf,
  checkHostConnection,
  createTokenReader,
  createTokenWriter,
  type Database,
  DatabaseIdentitySource,
  type MigrationStatus,
  migrate,
  migrationStatus,
  type OAuth2Models,
  openDatabase,
  rollback,
  SessionRepository,
  type TableNames,
  TokenRepository,
  tableNamesOf,
} from './storage/index.js';
import { LateEngine } from './throttling/engines/late-engine.js';
import {
  createThrottle,
  keyedThrottle,
  type LeasedEngineOptions,
  leasedEngine,
  type Throttle,
  type ThrottlingOptions,
} from './throttling/index.js';

export type { ActionSummary };

/** The options of this package's entry: those of routing-controllers, less the two checkers, which it brings. */
export type KoaServerOptions = Omit<RoutingControllersOptions, 'authorizationChecker' | 'currentUserChecker'>;

/**
 * Builds everything from the options. The database is connected when it is first needed; Redis at once, so that it is
 * there when the first request comes: `close()` ends what was opened.
 *
 * @throws ConfigurationError if an option cannot be, naming it, its value and the fix
 */
export function createOAuth2(given: OAuth2Options): OAuth2 {
  const options = readOptions(given);
  linkToHttpError();
  const opened: Close[] = [];
  try {
    return new OAuth2(options, opened);
  } catch (error) {
    // An option that cannot be leaves nothing open; what does not close either is told by the error already.
    for (const close of opened.reverse()) close().catch(() => undefined);
    throw error;
  }
}

/** Closes a part that was opened. */
type Close = () => Promise<void>;

/** The parts of one configuration, and the doors into them. Made by `createOAuth2`. */
export class OAuth2 {
  /** Issues, inspects and revokes tokens. */
  readonly tokens: TokenService;
  /** The sessions of browsers at the authorization server; also where that runs in another process on this database. */
  readonly sessions: BrowserSessions;
  /** Registered applications. */
  readonly applications: ApplicationRepository;
  /** The models in use, bound to the database. */
  readonly models: OAuth2Models;
  /** What happens at the authorization server, and what the guards refuse. */
  readonly events: OAuth2Events;
  /** The authorization server, if the option asks for one. */
  readonly authorizationServer: AuthorizationServer | undefined;
  private readonly tables: TableNames;
  private readonly database: Database;
  private readonly bounds: BoundedDatabase;
  private readonly identity: DatabaseIdentitySource | undefined;
  private readonly verifiers: VerifierChain;
  private readonly cache: TokenCache;
  private readonly throttle: Throttle;
  private readonly guard: Guard;
  private readonly compiler: PlanCompiler;
  private readonly log: LogLimiter;
  private readonly badTokens: BadTokens;
  private readonly admission: LookUpAdmission;
  private closed: Promise<void> | undefined;

  /** @internal @param opened is told what was opened, as soon as it is */
  constructor(options: OAuth2Options, opened: Close[] = []) {
    const clock = options.clock ?? systemClock;
    const logger = options.logger ?? console;
    this.log = new LogLimiter(logger, clock);
    this.badTokens = new BadTokens(logger, clock);
    const keyPrefix = options.keyPrefix ?? 'oauth2:';
    const { users, resource, requireAudience, preparedStatements } = options;
    this.database = openDatabase(options.database, {
      logger,
      deadlineMilliseconds: options.databaseDeadlineMilliseconds,
    });
    this.bounds = boundsOf(this.database);
    opened.push(() => this.bounds.close());
    this.models = bindModels(this.bounds.statements, options.models);
    this.tables = tableNamesOf(this.models);
    const tokens = new TokenRepository(this.models, { clock });
    this.applications = new ApplicationRepository(this.models, {
      clock,
      random: options.random,
      invalidate: (application) => this.tokens.invalidate({ application }),
      redirectUriSchemes: options.authorizationServer?.redirectUriSchemes,
      secretRotated: ({ clientId, userId }, overlapSeconds) =>
        this.events.emit('application.secretRotated', { clientId, userId: userId ?? undefined, overlapSeconds }),
      trustCleared: ({ clientId, userId }, cleared) =>
        this.events.emit('application.trustCleared', { clientId, userId: userId ?? undefined, cleared }),
    });
    // Tokens end by the database's time, as far as it is known to be later than this process's.
    const tokenClock = new CorrectedClock(clock, logger);
    const reader = createTokenReader(this.database, this.tables, {
      preparedStatements,
      logger,
      heedServerTime: (nowMilliseconds) => tokenClock.heed(nowMilliseconds),
    });
    this.events = new OAuth2Events(this.log);
    this.verifiers = createVerifierChain(options.verifiers ?? [databaseTokens()], {
      clock: tokenClock,
      logger,
      log: this.log,
      events: this.events,
      resource,
      requireAudience: requireAudience ?? true,
      users,
      redis: options.redis,
      keyPrefix,
      reader,
    });
    const { verifiers } = this;
    opened.push(() => verifiers.close());
    // Only what is shared has to be told apart from what others share.
    this.identity =
      options.redis === undefined ? undefined : new DatabaseIdentitySource(this.bounds.statements, logger);
    const throttling = throttlingOptions(options, this.identity, { keyPrefix, clock, logger });
    if (throttling.engine !== options.throttling?.engine) opened.push(async () => throttling.engine?.close?.());
    this.throttle = createThrottle(throttling, { clock, logger });
    this.cache = createTokenCache({
      ...options.cache,
      redis: options.redis,
      keyPrefix,
      identity: this.identity,
      policy: verifiers.policy,
      loadUser: async (userId) => activeUser(users, userId),
      clock: tokenClock,
      logger,
    });
    opened.push(() => this.cache.close());
    this.identity?.start();
    opened.push(async () => this.identity?.close());
    const address = requestAddress(options, logger);
    this.admission = new LookUpAdmission(this.throttle.failedAuthentications, this.badTokens);
    const parts: BearerDependencies = { verifiers, cache: this.cache, admission: this.admission, address };
    const authenticators = (options.authenticators ?? [bearer()]).map((one) => authenticator(one, parts, options));
    this.sessions = new BrowserSessions({
      sessions: new SessionRepository(this.models, { clock }),
      tokens,
      cache: this.cache,
      users,
      currentId: async (context) => this.authorizationServer?.sessionIdOf(context),
    });
    this.tokens = new TokenService({
      tokens,
      applications: this.applications,
      verifiers,
      cache: this.cache,
      users,
      scopes: options.scopes,
      allowedScopes: (application) => this.authorizationServer?.allowedScopes(application),
      grantableScopes: async (userId, application, scopes) =>
        this.authorizationServer?.grantableScopes(userId, application, scopes) ?? scopes,
      resource,
      defaultLifetimeSeconds: options.accessTokenLifetimeSeconds ?? 3600,
      clock,
      random: options.random ?? systemRandomBytes,
      endSessionsOf: (userId) => this.sessions.endAllOf({ user: userId }),
    });
    this.guard = new Guard({
      authenticators,
      refusals: new Refusals({
        responder: new ErrorResponder({
          realm: options.realm ?? 'api',
          errorBody: options.errorBody ?? 'oauth2',
          errorResponseWithScopes: options.errorResponseWithScopes ?? false,
          authenticators,
        }),
        address,
        fieldsRead: fieldsRead(authenticators),
        log: this.log,
        events: this.events,
      }),
      address,
    });
    this.compiler = new PlanCompiler({
      throttle: this.throttle,
      readScope: options.readScope ?? 'read',
      writeScope: options.writeScope ?? 'write',
    });
    this.authorizationServer = options.authorizationServer?.[COMPLETE]({
      models: this.models,
      applications: this.applications,
      tokens,
      tokenWriter: createTokenWriter({
        database: this.database,
        models: this.models,
        tables: this.tables,
        tokens,
        ownModel: options.models?.AccessToken !== undefined,
        preparedStatements,
        logger,
      }),
      users,
      scopes: options.scopes,
      resource,
      accessTokenLifetimeSeconds: options.accessTokenLifetimeSeconds ?? 3600,
      clock,
      random: options.random ?? systemRandomBytes,
      logger,
      log: this.log,
      events: this.events,
      address,
      failures: this.throttle.failedAuthentications,
      failureBudget: (rate) =>
        createThrottle({ ...throttling, policies: {}, global: [], failedAuthentication: rate }, { clock, logger })
          .failedAuthentications,
      // Its endpoints are no actions: what holds for every action does not hold for them.
      throttle: endpointThrottle(createThrottle({ ...throttling, policies: {}, global: [] }, { clock, logger })),
      sessions: this.sessions,
      ...this.tokenParts(),
    });
    options.container?.set(TokenService, this.tokens);
    options.container?.set(BrowserSessions, this.sessions);
  }

  /** How the authorization server asks for tokens, and tells the caches what it has revoked or issued. */
  private tokenParts(): Pick<
    AuthorizationServerDependencies,
    'peekToken' | 'verifyToken' | 'invalidate' | 'forgetMiss' | 'tokenAdmission' | 'revokeAllOf' | 'revokeToken'
  > {
    return {
      peekToken: (token) => this.tokens.peekOwn(token),
      verifyToken: (token) => this.tokens.verifyOwn(token),
      invalidate: async (keys) => {
        const [key] = keys;
        if (key !== undefined) await this.cache.invalidate({ kind: 'token', key }, keys);
      },
      forgetMiss: (key) => {
        this.cache.forgetMiss(key);
        this.admission.succeeded(key);
      },
      tokenAdmission: this.admission,
      revokeAllOf: async ({ userId, clientId }) => {
        await this.tokens.revokeAllOf({ user: userId, application: clientId });
      },
      revokeToken: (tokenHash) => this.tokens.revokeByHash(tokenHash),
    };
  }

  /** The knex instance that is in use. */
  get knex(): Database['knex'] {
    return this.database.knex;
  }

  /**
   * Creates or upgrades the tables; safe when several processes do it at once.
   *
   * @returns the names of the migrations that were applied
   */
  async migrate(): Promise<string[]> {
    const names = await migrate(this.knex, { tables: this.tables });
    await this.identity?.ask();
    return names;
  }

  /** Undoes the migrations that were applied last; what their tables hold is lost. Returns their names. */
  rollbackMigrations(): Promise<string[]> {
    return rollback(this.knex, { tables: this.tables });
  }

  /** Which migrations are applied, and which are not yet. */
  migrationStatus(): Promise<MigrationStatus> {
    return migrationStatus(this.bounds.statements);
  }

  /** @throws ConfigurationError if the tables are not there, or not of this version */
  assertMigrated(): Promise<void> {
    return assertMigrated(this.bounds.statements, { tables: this.tables });
  }

  /**
   * A Koa application that serves these controllers, as routing-controllers' `createKoaServer`, with every action
   * guarded.
   *
   * @throws ConfigurationError naming every action without a declared requirement, or with one that cannot hold
   */
  createKoaServer(options: KoaServerOptions = {}): Koa {
    return this.serve(undefined, options);
  }

  /** The same on a Koa application that exists. @throws ConfigurationError as `createKoaServer` */
  useKoaServer(koa: Koa, options: KoaServerOptions = {}): Koa {
    return this.serve(koa, options);
  }

  /**
   * The two checkers, to be spread into the options of routing-controllers' own `createKoaServer` or `useKoaServer`.
   * They guard what routing-controllers shows them; `audit(controllers)` finds the rest.
   */
  routingControllers(): CheckerOptions {
    return checkers(this.guard, this.compiler);
  }

  /**
   * Checks controllers that routing-controllers' own entry serves with `routingControllers()`.
   *
   * @throws ConfigurationError naming every action without a requirement, and every one whose requirement
   * routing-controllers would drop (inherited, stacked, function-valued)
   */
  audit(controllers: readonly Function[], options: Pick<RoutingControllersOptions, 'routePrefix'> = {}): void {
    refuseProblems(
      describeActions(controllers, this.compiler, options, 'checkers').flatMap((action) => action.problems),
    );
  }

  /** Every action with what it requires, as a table of routes. */
  describe(
    controllers: readonly Function[],
    options: Pick<RoutingControllersOptions, 'routePrefix'> = {},
  ): ActionSummary[] {
    return describeActions(controllers, this.compiler, options, 'driver');
  }

  /**
   * Resolves when the identity of the database is read, and the throttle and the token cache are connected to Redis, or
   * their first attempt has failed. Await it before listening: in the mode `closed`, what comes earlier is answered with
   * 503. With `whenStoreFails: 'local'` it also waits until this process has its share of each limit, two seconds where
   * there are other processes.
   *
   * @throws ConfigurationError if the sessions of the host's knex read texts as others than were written; such a
   * connection is never used, also without this call
   */
  async ready(): Promise<void> {
    await Promise.all([this.sharedReady(), checkHostConnection(this.database)]);
  }

  /**
   * Closes what was opened here: pools, Redis connections, timers. What the host brought stays open. It takes a few
   * seconds at most, whatever the database and Redis do: statements that are under way may end, what waits for a
   * connection fails at once, and what does not answer is cut.
   */
  close(): Promise<void> {
    this.identity?.close();
    this.log.flush();
    this.badTokens.close();
    this.closed ??= Promise.all([
      this.tokens.close(),
      this.verifiers.close(),
      this.cache.close(),
      this.throttle.close(),
      this.bounds.close(),
    ]).then(() => undefined);
    return this.closed;
  }

  /** What is shared is connected once it is known which database it belongs to. */
  private async sharedReady(): Promise<void> {
    await this.identity?.settled();
    await Promise.all([this.throttle.ready(), this.cache.ready(), this.verifiers.ready()]);
  }

  private serve(koa: Koa | undefined, options: KoaServerOptions): Koa {
    for (const name of ['authorizationChecker', 'currentUserChecker']) {
      if (name in options) throw new ConfigurationError(`The option ${name} is brought by this entry; leave it out.`);
    }
    const server = koa ?? new Koa();
    // Before the controllers, whose driver parses bodies and answers for paths that it does not know.
    if (this.authorizationServer !== undefined) server.use(this.authorizationServer.middleware());
    const driver = new OAuth2KoaDriver(server, this.guard, this.compiler);
    withIndexedMetadata(() =>
      createExecutor(driver, { ...options, currentUserChecker: currentUserChecker(this.guard, this.compiler) }),
    );
    refuseProblems(driver.problems);
    return driver.koa;
  }
}

/** Makes the throttles of the authorization server's endpoints. */
function endpointThrottle(throttle: Throttle): AuthorizationServerDependencies['throttle'] {
  return (name, rate) =>
    keyedThrottle(throttle, { name: `authorization-server:${name}`, rate }, `authorizationServer.throttling.${name}`);
}

/**
 * Where the host chose no engine, requests are counted with leases in Redis if there is one, else in this process.
 *
 * The counters belong to the database, whose identity comes later. A database that has none yet belongs to a deployment
 * whose older processes count without it: so does this one, until the database is migrated.
 */
function throttlingOptions(
  options: OAuth2Options,
  identity: IdentitySource | undefined,
  { keyPrefix, ...others }: Pick<LeasedEngineOptions, 'clock' | 'logger'> & { readonly keyPrefix: string },
): ThrottlingOptions {
  const { redis, throttling = {} } = options;
  if (redis === undefined || identity === undefined || throttling.engine !== undefined) return throttling;
  const { deadlineMilliseconds, whenLedgerIsLost, ...rest } = throttling;
  if (/[{}]/.test(keyPrefix)) {
    refuseOption('keyPrefix', keyPrefix, 'leave braces out: they mark the slot of a Redis Cluster');
  }
  const engine = new LateEngine();
  identity.subscribe((known) => {
    const prefix = known === undefined ? keyPrefix : `${keyPrefix}${known.id}:`;
    engine.use(
      leasedEngine({ redis, keyPrefix: `${prefix}throttle:`, deadlineMilliseconds, whenLedgerIsLost, ...others }),
    );
  });
  return { ...rest, deadlineMilliseconds, engine };
}

function authenticator(
  one: NonNullable<OAuth2Options['authenticators']>[number],
  parts: BearerDependencies,
  options: OAuth2Options,
): Authenticator {
  if (!isFactory(one)) return tellingAuthenticator(one);
  if (one[AUTHENTICATOR] === 'bearer') return new BearerAuthenticator(parts, one.options);
  if (options.users === undefined)
    throw new ConfigurationError('session() names a user, so the option users is needed.');
  return new SessionAuthenticator(options.users, one.options);
}

/** An authenticator of the host's own may ask what can be away, as its user store may. */
function tellingAuthenticator(one: Authenticator): Authenticator {
  return {
    authenticate: tellingOutages('An authenticator', one.authenticate.bind(one)),
    ...(one.ambient !== undefined && { ambient: one.ambient }),
    ...(one.challenge !== undefined && { challenge: one.challenge.bind(one) }),
    ...(one.needsBody !== undefined && { needsBody: one.needsBody.bind(one) }),
  };
}
