import type { Knex } from 'knex';
import type Koa from 'koa';
import type { Middleware } from 'koa';
import type { RoutingControllersOptions } from 'routing-controllers';
import type { AuthorizationServer } from './authorization-server/authorization-server-factory.js';
import { Health } from './compose/health.js';
import { compose, type Parts } from './compose/index.js';
import { becomeReady, type ReadyOptions } from './compose/readiness.js';
import type { OAuth2Error } from './core/errors.js';
import type { OAuth2Events } from './core/events/events.js';
import type { HealthReport } from './core/health.js';
import type { RegisteredUser } from './core/register.js';
import type { Readings } from './observability/readings.js';
import { DocumentEndpoint } from './openapi/document-endpoint.js';
import { type DocumentedOAuth2, makeDocument } from './openapi/open-api.js';
import { readServedOpenApi } from './openapi/open-api-options.js';
import { type OAuth2Options, readOptions } from './options.js';
import type { BrowserSessions } from './resource-server/browser-sessions.js';
import type { ErrorResponse } from './resource-server/error-response.js';
import { healthEndpoints } from './resource-server/health-endpoints.js';
import type { ProtectedResourceMetadata } from './resource-server/protected-resource-metadata.js';
import type { TokenService } from './resource-server/token-service.js';
import type { ActionSummary } from './routing-controllers/action-summary.js';
import { auditActions, describeActions } from './routing-controllers/audit.js';
import { type CheckerOptions, checkers } from './routing-controllers/checkers.js';
import { warnOfMissingTypes } from './routing-controllers/decorator-metadata.js';
import { linkToHttpError } from './routing-controllers/http-error.js';
import { refuseTwoCopies } from './routing-controllers/one-copy.js';
import { type KoaServerOptions, serveControllers } from './routing-controllers/serve.js';
import {
  type ApplicationRepository,
  assertMigrated,
  type MigrationStatus,
  migrate,
  migrationStatus,
  type OAuth2Models,
  rollback,
  startUpError,
} from './storage/index.js';

export type { ActionSummary, HealthReport, KoaServerOptions, ReadyOptions };

/**
 * Builds everything from the options. The database is connected when it is first needed; Redis immediately, so that it
 * is available for the first request. `close()` closes what was opened.
 *
 * The type of users flows from `users.findById`, written first, into the other functions of the options. It has to be
 * that of `Register`, if that names one.
 *
 * @param given the options; only `database` has no default
 * @returns the parts, which `close()` ends
 * @throws ConfigurationError if an option is invalid, naming it, its value and the fix
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 *
 * @JsonController('/books')
 * class BookController {
 *   @Authorized('books:read')
 *   @Get('/')
 *   list(): string[] {
 *     return [];
 *   }
 * }
 *
 * const oauth2 = createOAuth2({
 *   database: 'sqlite:.data/shop.sqlite',
 *   scopes: { 'books:read': 'See books' },
 * });
 * await oauth2.migrate();
 * await oauth2.ready();
 * oauth2.createKoaServer({ controllers: [BookController] }).listen(3000);
 * ```
 */
export function createOAuth2<User extends RegisteredUser = RegisteredUser>(given: OAuth2Options<User>): OAuth2 {
  const options = readOptions(given as OAuth2Options);
  linkToHttpError();
  return new OAuth2(compose(options));
}

/**
 * The parts of one configuration. Created by `createOAuth2`.
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 *
 * // Ends an application in order: no new requests first, then what was opened.
 * export async function shutDown(oauth2: OAuth2, server: import('node:http').Server): Promise<void> {
 *   await new Promise((closed) => server.close(closed));
 *   await oauth2.close();
 * }
 * ```
 */
export class OAuth2 {
  /** Issues, inspects and revokes tokens. */
  readonly tokens: TokenService;
  /** The browser sessions at the authorization server, also if that runs in another process on this database. */
  readonly sessions: BrowserSessions;
  /** Registered applications. */
  readonly applications: ApplicationRepository;
  /** The models in use, bound to the database. */
  readonly models: OAuth2Models;
  /** Events of the authorization server and the guards. */
  readonly events: OAuth2Events;
  /** The authorization server, if the option asks for one. */
  readonly authorizationServer: AuthorizationServer | undefined;
  /**
   * What clients are told of this resource (RFC 9728), if it has a name. Our entry serves it; with `routingControllers()`
   * mount its `middleware()`.
   */
  readonly resourceMetadata: ProtectedResourceMetadata | undefined;
  /** @internal What can be read of this process, for metrics. */
  readonly readings: Readings;
  /** @internal What documents are made from. */
  readonly documented: DocumentedOAuth2['documented'];
  /** @internal The parts, for `/testing`. */
  readonly parts: Parts;
  private readonly healthOfParts: Health;
  private closed: Promise<void> | undefined;

  /** @internal */
  constructor(parts: Parts) {
    this.parts = parts;
    this.healthOfParts = new Health(parts);
    this.tokens = parts.tokens;
    this.sessions = parts.sessions;
    this.applications = parts.applications;
    this.models = parts.storage.models;
    this.events = parts.basis.events;
    this.readings = parts.observability.readings;
    this.documented = { server: parts.described, compiler: parts.guarding.compiler, logger: parts.basis.logger };
    this.authorizationServer = parts.authorizationServer;
    this.resourceMetadata = parts.resourceMetadata;
  }

  /** The knex instance that is in use. */
  get knex(): Knex {
    return this.parts.storage.database.knex;
  }

  /**
   * Creates or upgrades the tables; safe when several processes do it at once.
   *
   * @returns the names of the migrations that were applied
   * @throws ConfigurationError if they cannot be applied
   * @throws TemporarilyUnavailableError if the database cannot answer; the message says why, and what to correct
   */
  async migrate(): Promise<string[]> {
    const { tables, identity, schema, opaqueTokens } = this.parts.storage;
    const names = await migrate(this.knex, { tables }).catch((error: unknown) => {
      throw startUpError(error);
    });
    await Promise.all([identity?.ask(), schema.askAnew(), opaqueTokens.askAnew()]);
    return names;
  }

  /** Undoes the migrations that were applied last; the content of their tables is lost. Resolves to their names. */
  rollbackMigrations(): Promise<string[]> {
    return rollback(this.knex, { tables: this.parts.storage.tables });
  }

  /** Which migrations are applied, and which are not yet. */
  migrationStatus(): Promise<MigrationStatus> {
    return migrationStatus(this.parts.storage.bounds.statements);
  }

  /** @throws ConfigurationError if the tables are missing, or not of this version */
  assertMigrated(): Promise<void> {
    const { bounds, tables } = this.parts.storage;
    return assertMigrated(bounds.statements, { tables });
  }

  /**
   * Creates a Koa application that serves these controllers, like `createKoaServer` of routing-controllers, with every
   * action guarded.
   *
   * @throws ConfigurationError naming every action without a declared requirement, or with a contradictory one
   */
  createKoaServer(options: KoaServerOptions = {}): Koa {
    return this.serve(undefined, options);
  }

  /** The same on an existing Koa application. @throws ConfigurationError as `createKoaServer` */
  useKoaServer(koa: Koa, options: KoaServerOptions = {}): Koa {
    return this.serve(koa, options);
  }

  /**
   * The two checkers, to be spread into the options of routing-controllers' own `createKoaServer` or `useKoaServer`.
   * They guard the actions that routing-controllers passes to them; `audit(controllers)` finds the others.
   */
  routingControllers(): CheckerOptions {
    refuseTwoCopies();
    const { guard, compiler } = this.parts.guarding;
    return checkers(guard, compiler);
  }

  /**
   * Checks controllers that routing-controllers' own entry serves with `routingControllers()`.
   *
   * @throws ConfigurationError naming every action without a requirement, and every one whose requirement
   * routing-controllers would drop (inherited, stacked, function-valued)
   */
  audit(controllers: readonly Function[], options: Pick<RoutingControllersOptions, 'routePrefix'> = {}): void {
    auditActions(controllers, this.parts.guarding.compiler, options);
    warnOfMissingTypes(controllers, this.parts.basis.logger);
  }

  /**
   * Makes the response to an error of this package, for an error handler of the host's own: the status, the header fields
   * (challenge, `Retry-After`, `Cache-Control`) and the body, by the options `realm`, `authenticators`, `errorBody` and
   * `errorResponseWithScopes` (RFC 6750 §3, RFC 6585 §4).
   */
  errorResponse(error: OAuth2Error): ErrorResponse {
    return this.parts.guarding.guard.refusals.responseTo(error);
  }

  /** Every action with what it requires, as a table of routes. */
  describe(
    controllers: readonly Function[],
    options: Pick<RoutingControllersOptions, 'routePrefix'> = {},
  ): ActionSummary[] {
    return describeActions(controllers, this.parts.guarding.compiler, options);
  }

  /**
   * Checks what requests need, and connects to it. Await it before listening. It checks the migrations, the keys of the
   * authorization server, the user store (`users.ready`), and the sessions of the host's knex; it fetches the keys of other
   * issuers, and waits until the throttle and the token cache are connected to Redis or their first attempt has failed. With
   * `whenStoreFails: 'local'` it also waits until this process has its share of each limit, two seconds if there are other
   * processes.
   *
   * What is away at the start stops nothing by default: one log line says so, requests that need it are answered with 503,
   * and everything works once it is back. With `whenAway: 'reject'` it rejects.
   *
   * @throws ConfigurationError if the database is not migrated (the message names the command), if a key or the user store
   *   cannot work, or if the sessions of the host's knex would misread strings
   * @throws TemporarilyUnavailableError if the database refuses the credentials, or has no such database; with `whenAway:
   *   'reject'` also if the database or Redis does not answer
   */
  ready(options: ReadyOptions = {}): Promise<void> {
    return becomeReady(this.parts, options);
  }

  /**
   * Whether this process can decide on a request now, and which of its parts work. It answers within two seconds, and asks
   * nothing more than once a second, however often it is called.
   */
  health(): Promise<HealthReport> {
    return this.healthOfParts.report();
  }

  /**
   * Answers `GET /health/live` and `GET /health/ready`, for orchestrators. With the option `health` our entry mounts it; with
   * `routingControllers()` mount it before the controllers.
   */
  healthMiddleware(): Middleware {
    return healthEndpoints(() => this.health());
  }

  /**
   * Closes what was opened here: pools, Redis connections, timers. Connections of the host stay open. It takes a few
   * seconds at most, whatever the database and Redis do: statements in progress may finish, callers that wait for a
   * connection fail immediately, and connections that do not answer are cut.
   */
  close(): Promise<void> {
    const { basis, storage, verification, constraints, throttling, authenticators, observability } = this.parts;
    this.healthOfParts.closing();
    this.parts.sharedCacheNote?.close();
    storage.identity?.close();
    storage.stopObserving();
    basis.log.flush();
    authenticators.badTokens.close();
    this.closed ??= Promise.all([
      observability.recorder.close().then(() => verification.cache.close()),
      this.tokens.close(),
      verification.verifiers.close(),
      constraints.close(),
      throttling.throttle.close(),
      storage.bounds.close(),
    ]).then(() => undefined);
    return this.closed;
  }

  private serve(koa: Koa | undefined, options: KoaServerOptions): Koa {
    refuseTwoCopies();
    const { guarding, authorizationServer, resourceMetadata } = this.parts;
    const openApi = this.parts.openApi && readServedOpenApi(this.parts.openApi);
    // The authorization server answers for the metadata too.
    const document = openApi && new DocumentEndpoint(openApi.path ?? '/openapi.json');
    const first = [(authorizationServer ?? resourceMetadata)?.middleware(), document?.middleware()];
    if (this.parts.servesHealth) first.unshift(this.healthMiddleware());
    const served = serveControllers(options, {
      koa,
      ...guarding,
      first: first.filter((one) => one !== undefined),
      whenServed:
        openApi && ((plans) => document?.publish(makeDocument(this.documented, plans, openApi.info, openApi))),
    });
    warnOfMissingTypes(options.controllers, this.parts.basis.logger);
    return served;
  }
}
