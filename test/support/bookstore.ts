import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from '@jest/globals';
import { silentLogger } from '../../src/core/logger.js';
import { createOAuth2, type IssueOptions, type OAuth2 } from '../../src/public/index.js';
import { type LeashedProcess, startLeashed } from './leashed-process.js';
import { freshDatabase, freshKeyPrefix, redisUrl, removeKeys } from './services.js';

/** What the whole application stands on. */
export type StackName = 'SQLite + memory' | 'MariaDB + Redis';

const ALL_STACKS: readonly StackName[] = ['SQLite + memory', 'MariaDB + Redis'];

/** What suites run on: everything, or what `TEST_STACKS` names, where a run has no services. */
export const STACKS: readonly StackName[] = ALL_STACKS.filter((name) => name === (process.env.TEST_STACKS || name));

/** A database, and a part of Redis, of a suite's own. */
export interface Stack {
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  readonly keyPrefix: string;
  /** What the authorization server needs where there is a database server; empty: it keeps a key of its own. */
  readonly encryptionKeys: string;
  drop(): Promise<void>;
}

export async function freshStack(name: StackName): Promise<Stack> {
  const withRedis = name === 'MariaDB + Redis';
  const database = await freshDatabase(withRedis ? 'mariadb' : 'sqlite');
  const keyPrefix = freshKeyPrefix();
  return {
    databaseUrl: database.url,
    redisUrl: withRedis ? redisUrl() : undefined,
    keyPrefix,
    encryptionKeys: withRedis ? randomBytes(32).toString('base64url') : '',
    async drop() {
      await database.drop();
      if (withRedis) await removeKeys(redisUrl(), keyPrefix);
    },
  };
}

/** Issues access tokens; without an application, for one that is registered when it is first needed. */
export type Issue = (
  scope: string,
  options?: Partial<Pick<IssueOptions, 'user' | 'application' | 'lifetimeSeconds'>>,
) => Promise<string>;

export function issuerOf(oauth2: () => OAuth2): Issue {
  let demo: Promise<string> | undefined;
  return async (scope, options = {}) => {
    demo ??= register(oauth2(), 'Demo');
    const application = options.application ?? (await demo);
    return (await oauth2().tokens.issue({ ...options, application, scope })).access_token;
  };
}

/** Registers an application; answers its client identifier. */
export async function register(oauth2: OAuth2, name: string, clientId?: string): Promise<string> {
  const { application } = await oauth2.applications.create({ name, clientId, grantTypes: ['client_credentials'] });
  return application.clientId;
}

const MAIN = resolve('examples/dist/bookstore/main.js');
const START_CAP_MILLISECONDS = 30_000;

/** One process of the built example. */
export interface BookstoreProcess {
  readonly url: string;
  /** All that it has printed. */
  output(): Promise<string>;
  /** Ends it with a signal; answers its exit code, `null` if a signal was its end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the built example in a process of its own, on a free port. */
export async function startBookstore(
  stack: Stack,
  environment: Readonly<Record<string, string>> = {},
): Promise<BookstoreProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-bookstore-'));
  const logFile = join(folder, 'output');
  const child = await launch(folder, logFile, {
    PORT: '0',
    HOST: '127.0.0.1',
    DATABASE_URL: stack.databaseUrl,
    REDIS_URL: stack.redisUrl ?? '',
    REDIS_KEY_PREFIX: stack.keyPrefix,
    OAUTH2_ENCRYPTION_KEYS: stack.encryptionKeys,
    ...environment,
  });
  const output = () => readFile(logFile, 'utf8');
  const url = await firstUrl(child, output);
  return {
    url,
    output,
    async stop(signal) {
      await child.end(signal);
      await rm(folder, { recursive: true, force: true });
      return child.process.exitCode;
    },
  };
}

/** Runs the built example in an environment in which it cannot start; answers what it says and its exit code. */
export async function failToStart(environment: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-bookstore-'));
  const logFile = join(folder, 'output');
  const child = await launch(folder, logFile, environment);
  for (const until = Date.now() + START_CAP_MILLISECONDS; child.running() && Date.now() < until; ) await sleep(20);
  await child.end('SIGKILL');
  const output = await readFile(logFile, 'utf8');
  await rm(folder, { recursive: true, force: true });
  return { output, exitCode: child.process.exitCode };
}

function launch(folder: string, logFile: string, added: Readonly<Record<string, string>>): Promise<LeashedProcess> {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing; run npm run build first.`);
  const { PATH, HOME } = process.env;
  return startLeashed(process.execPath, [MAIN], { env: { PATH, HOME, ...added }, logFile, workingFolder: folder });
}

/** The example says in its first line where it listens. */
async function firstUrl(child: LeashedProcess, output: () => Promise<string>): Promise<string> {
  for (const until = Date.now() + START_CAP_MILLISECONDS; Date.now() < until; ) {
    const url = /^Bookstore listens on (\S+)\n/m.exec(await output())?.[1];
    if (url !== undefined) return url;
    if (!child.running()) break;
    await sleep(20);
  }
  await child.end('SIGKILL');
  throw new Error(`The example did not start: ${await output()}`);
}

/** The example as a suite meets it: its processes, and the package on the same database for what HTTP cannot do. */
export interface Bookstore {
  /** Of the first process. */
  readonly url: string;
  /** Of all processes. */
  readonly urls: readonly string[];
  readonly stack: Stack;
  readonly oauth2: OAuth2;
  readonly issue: Issue;
  /** The client identifier and secret, with a colon between, of the service that the first process prints. */
  service(): Promise<string>;
}

export interface BookstoreOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly processes?: number;
}

/** Runs the example while the tests of the surrounding `describe` run. */
export function useBookstore(name: StackName, options: BookstoreOptions = {}): Bookstore {
  const { environment = {}, processes = 1 } = options;
  let stack: Stack | undefined;
  let oauth2: OAuth2 | undefined;
  const running: BookstoreProcess[] = [];
  const started = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('The bookstore runs only while tests do.');
    return value;
  };
  const bookstore: Bookstore = {
    get url() {
      return started(running[0]).url;
    },
    get urls() {
      return running.map(({ url }) => url);
    },
    get stack() {
      return started(stack);
    },
    get oauth2() {
      return started(oauth2);
    },
    issue: issuerOf(() => started(oauth2)),
    async service() {
      // It is printed after the URL.
      for (const until = Date.now() + START_CAP_MILLISECONDS; Date.now() < until; await sleep(20)) {
        const found = / -u '(bookstore-demo:[\w-]{43})'/.exec(await started(running[0]).output())?.[1];
        if (found !== undefined) return found;
      }
      throw new Error('The example printed no service.');
    },
  };
  beforeAll(async () => {
    stack = await freshStack(name);
    const { databaseUrl, redisUrl: redis, keyPrefix } = stack;
    oauth2 = createOAuth2({ database: databaseUrl, redis, keyPrefix, logger: silentLogger });
    const starting = Array.from({ length: processes }, () => startBookstore(started(stack), environment));
    for (const one of await Promise.allSettled(starting)) {
      if (one.status === 'rejected') throw one.reason;
      running.push(one.value);
    }
  }, 60_000);
  afterAll(async () => {
    const outputs = await Promise.all(running.map((one) => one.output()));
    const exitCodes = await Promise.all(running.map((one) => one.stop()));
    await oauth2?.close();
    await stack?.drop();
    const failed = exitCodes.findIndex((exitCode) => exitCode !== 0);
    if (failed >= 0) throw new Error(`The example ended with ${exitCodes[failed]}: ${outputs[failed]}`);
  }, 60_000);
  return bookstore;
}
