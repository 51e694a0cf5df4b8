import type Koa from 'koa';
import { refuseOption } from '../core/options/index.js';
import type { RegisteredUser } from '../core/register.js';
import type { KoaServerOptions, OAuth2 } from '../oauth2.js';
import type { DatabaseSource, OAuth2Options } from '../options.js';
import { MemoryUsers } from './memory-users.js';
import { RecordedLog } from './recorded-log.js';
import { TestClock } from './test-clock.js';

/** The options of `testOAuth2`: those of `createOAuth2`, of which none is needed. The clock is `t.clock`. */
export interface TestOptions<User = RegisteredUser> extends Omit<OAuth2Options<User>, 'database' | 'clock'> {
  /** Default `:memory:`, an SQLite database of this test's own. Another one is migrated. */
  readonly database?: DatabaseSource | undefined;
}

/** What is known before there is an application. */
export interface TestSurroundings {
  /** Where the application will listen, e.g. for the issuer of an authorization server. */
  readonly url: string;
}

/**
 * What is tested: controllers; the options of `oauth2.createKoaServer`; or a function that makes the Koa application, e.g.
 * the one that the program itself uses.
 */
export type Served = readonly Function[] | KoaServerOptions | ((oauth2: OAuth2) => Koa | PromiseLike<Koa>);

/** What a test has in its hands besides the instance. */
export interface TestParts {
  readonly options: OAuth2Options;
  readonly clock: TestClock;
  readonly log: RecordedLog;
}

/** Completes the options with what tests need: everything in memory, a clock that can be moved, and silence. */
export function completed(given: TestOptions): TestParts {
  if ('clock' in given) refuseOption('clock', given.clock, 'leave it out; t.clock is the clock, and can be advanced');
  const log = new RecordedLog();
  // What is not in this process has a time of its own.
  const clock = new TestClock(given.redis !== undefined || given.database !== undefined);
  const { database = ':memory:', users = new MemoryUsers(), logger = log } = given;
  return { options: { ...given, database, users, logger, clock }, clock, log };
}

/** Makes the application. */
export function applicationOf(oauth2: OAuth2, served: Served): Koa | PromiseLike<Koa> {
  if (typeof served === 'function') return served(oauth2);
  return oauth2.createKoaServer(isList(served) ? { controllers: [...served] } : served);
}

function isList(served: Exclude<Served, Function>): served is readonly Function[] {
  return Array.isArray(served);
}
