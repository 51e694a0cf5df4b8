import type Koa from 'koa';
import type { OAuth2ErrorCode } from '../core/errors.js';
import { refuseOption } from '../core/options/index.js';
import type { RegisteredUser } from '../core/register.js';
import { formOf } from '../core/token-form.js';
import type { UserStore } from '../core/users.js';
import { createOAuth2, type OAuth2 } from '../oauth2.js';
import { DatabaseVerifier } from '../resource-server/verifiers/database.js';
import { accessMatrix, type Matrix, type MatrixOptions } from './access-matrix.js';
import { actingAs, type TestHeaders } from './acting-as.js';
import { type Caller, type CallerDetails, type CallerScopes, callerName } from './caller.js';
import type { Denial } from './denial.js';
import type { ExpectedDenial } from './denial-problems.js';
import { type AboutRequest, expectDenied } from './expect-denied.js';
import type { MatrixCaller } from './matrix-caller.js';
import { requireTests } from './only-in-tests.js';
import type { RecordedLog } from './recorded-log.js';
import type { TestClock } from './test-clock.js';
import { applicationOf, completed, type Served, type TestOptions, type TestSurroundings } from './test-options.js';
import { requestInit, type TestRequest } from './test-request.js';
import { TestServer } from './test-server.js';
import { TestTokens } from './test-tokens.js';

/**
 * Starts an application for a test, with everything in memory: SQLite, throttles, users if the option `users` is not given.
 * Its guards are the real ones, and so are the tokens of `t.as`. Close it with `t.close()`.
 *
 * @param options those of `createOAuth2`, of which none is needed, or a function of the URL that gives them
 * @param served controllers, the options of `createKoaServer`, or a function that makes the Koa application
 * @returns the application, and what a test does with it
 * @throws ConfigurationError (rejects) if an option is invalid, an action declares no requirement, or no tests are run:
 *   NODE_ENV is `production`, or nothing says that they are
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { testOAuth2 } from 'routing-controllers-oauth2/testing';
 *
 * @JsonController('/books')
 * class BookController {
 *   @Authorized('books:read')
 *   @Get('/')
 *   list(): string[] {
 *     return ['Emma'];
 *   }
 * }
 *
 * export async function readersMayRead(): Promise<void> {
 *   const t = await testOAuth2({}, [BookController]);
 *   const reader = await t.as('ann', ['books:read']);
 *   console.log(await (await t.fetch('/books', { headers: reader })).json());
 *   await t.expectDenied(t.fetch('/books', { headers: t.as('ann', ['books:write']) }), 'insufficient_scope');
 *   await t.close();
 * }
 * ```
 */
export async function testOAuth2<User extends RegisteredUser = RegisteredUser>(
  options: TestOptions<User> | ((surroundings: TestSurroundings) => TestOptions<User>) = {},
  served: Served = [],
): Promise<TestApplication> {
  requireTests('testOAuth2');
  const server = await TestServer.start();
  let oauth2: OAuth2 | undefined;
  try {
    const { url } = server;
    const parts = completed((typeof options === 'function' ? options({ url }) : options) as TestOptions);
    oauth2 = createOAuth2(parts.options);
    await oauth2.migrate();
    await oauth2.ready();
    const koa = await applicationOf(oauth2, served);
    server.serve(koa.callback());
    return new TestApplication(oauth2, koa, server, parts.clock, parts.log);
  } catch (error) {
    await Promise.all([server.close(), oauth2?.close()]);
    throw error;
  }
}

/**
 * An application under test. Created by `testOAuth2`.
 *
 * @example
 * ```ts
 * import type { TestApplication } from 'routing-controllers-oauth2/testing';
 *
 * // The budget of a user is full again after an hour.
 * export async function refills(t: TestApplication): Promise<void> {
 *   const headers = await t.as('ann', ['books:read']);
 *   for (let call = 0; call < 100; call += 1) await t.fetch('/books', { headers });
 *   const { retryAfterSeconds } = await t.expectDenied(t.fetch('/books', { headers }), 'throttled');
 *   t.clock.advance({ seconds: retryAfterSeconds ?? 0 });
 *   console.log((await t.fetch('/books', { headers })).ok);
 * }
 * ```
 */
export class TestApplication {
  /** Where it listens, on a free port of the loopback: for other clients than `t.fetch`. */
  readonly url: string;
  private readonly tokens: TestTokens;
  private readonly callers = new Map<string, string>();
  private readonly requests = new WeakMap<Response, AboutRequest>();

  /** @internal */
  constructor(
    /** The instance: `t.oauth2.tokens`, `t.oauth2.events`, … */
    readonly oauth2: OAuth2,
    /** The Koa application; `t.koa.callback()` is for tools that take a request handler. */
    readonly koa: Koa,
    private readonly server: TestServer,
    /** The clock of the application. */
    readonly clock: TestClock,
    /** What was logged; empty if the option `logger` is given. */
    readonly log: RecordedLog,
  ) {
    this.url = server.url;
    this.tokens = new TestTokens(oauth2, this.users);
  }

  /**
   * The header fields of a request by somebody. The token is a real one, issued into the database, for an application that
   * is registered when it is first named. Where the guard takes no such token, since `verifiers` names other issuers only, or
   * the details are those of another issuer (`issuer`, `amr`, `claims`), it is one that the guard knows in memory.
   *
   * @param caller a user (the id, or the user object), or an application alone: `{ client: 'shop' }`. Without the option
   *   `users` the user is added.
   * @param scopes the scopes of the token; default none
   * @param details what else it says
   * @returns header fields for `t.fetch`
   * @throws InvalidScopeError (rejects) if the option `scopes` does not name a scope
   * @throws Error (rejects) if the option `users` does not know the user
   */
  async as(caller: Caller, scopes: CallerScopes = [], details: CallerDetails = {}): Promise<TestHeaders> {
    const headers = this.isIssuable(details)
      ? { authorization: `Bearer ${await this.tokens.issue('t.as', caller, scopes, details)}` }
      : actingAs(this.oauth2, caller, scopes, details);
    const names = [scopes].flat().join(' ');
    const how = names === '' ? 'without scopes' : `with the scopes ${names}`;
    this.callers.set(headers.authorization, `${callerName(caller, this.users)} ${how}`);
    return headers;
  }

  /**
   * Makes a request, as the global `fetch`.
   *
   * @param path the path, with its query
   * @param request as for `fetch`; `headers` may be a promise, as `t.as` returns it, and `json` is a body
   */
  async fetch(path: string, request: TestRequest = {}): Promise<Response> {
    if (!path.startsWith('/')) refuseOption('t.fetch', path, "give a path such as '/books'");
    const init = await requestInit(request);
    const before = this.log.lines.length;
    const response = await fetch(`${this.url}${path}`, init);
    const caller = this.callers.get(init.headers.get('authorization') ?? '');
    this.requests.set(response, {
      request: `${init.method} ${path}${caller === undefined ? '' : ` as ${caller}`}`,
      log: this.log.lines.slice(before),
    });
    return response;
  }

  /**
   * Makes sure that a request was refused, and how: by status, error and challenge. A failure says what happened instead,
   * and what was logged meanwhile.
   *
   * @param answer what `t.fetch` returns
   * @param expected the code of the error, a status, or more of it; default: any refusal (401, 403 or 429)
   * @returns what the response says, for further assertions
   * @throws AssertionError (rejects) if it was answered otherwise
   */
  expectDenied(
    answer: Response | PromiseLike<Response>,
    expected: ExpectedDenial | OAuth2ErrorCode | number = {},
  ): Promise<Denial> {
    return expectDenied(answer, expected, (response) => this.requests.get(response));
  }

  /**
   * Finds out who may use which action of the application; see `accessMatrix`.
   *
   * @param callers by names: `undefined` for nobody, or what `t.as` takes, as a list
   * @returns the matrix: a text for a snapshot (`String(matrix)`), and data
   */
  matrix(callers: Readonly<Record<string, MatrixCaller>>, options: MatrixOptions = {}): Promise<Matrix> {
    return accessMatrix(this.oauth2, callers, options);
  }

  /** Stops the application and closes what was opened. Without it, nothing keeps the process alive either. */
  async close(): Promise<void> {
    await this.server.close();
    await this.oauth2.close();
  }

  private get users(): UserStore {
    // Completed by `testOAuth2`, which puts users in memory in its place.
    return this.oauth2.parts.users as UserStore;
  }

  /** Whether a token of the database can say all this, and the guard takes it. */
  private isIssuable({ issuer, amr, claims }: CallerDetails): boolean {
    if (issuer !== undefined || amr !== undefined || claims !== undefined) return false;
    return this.oauth2.parts.verification.verifiers.taking(formOf('a-token')) instanceof DatabaseVerifier;
  }
}
