import 'reflect-metadata';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { sha256Key } from '../../../src/core/digest.js';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type KoaServerOptions, type OAuth2, type OAuth2Options } from '../../../src/public/index.js';
import { freshStack, type Issue, issuerOf, type Stack, type StackName } from '../bookstore.js';
import { KEEP_ALIVE_MILLISECONDS } from '../http.js';

/** A user of the small application. */
export interface SmallUser {
  readonly id: string;
  readonly active: boolean;
}

const USERS: readonly SmallUser[] = [
  { id: 'alice', active: true },
  { id: 'bob', active: true },
];

/** An application of a test's own, for options that the example does not have. */
export interface SmallApplication {
  readonly url: string;
  readonly oauth2: OAuth2;
  readonly issue: Issue;
  /** Waits until Redis, if the application has one, holds a token that was accepted: it is written after the answer. */
  untilShared(token: string): Promise<void>;
}

export interface SmallApplicationOptions {
  readonly oauth2?: Partial<Omit<OAuth2Options, 'database' | 'redis' | 'keyPrefix'>>;
  readonly server: KoaServerOptions;
}

/** Serves controllers while the tests of the surrounding `describe` run. */
export function useApplication(name: StackName, options: SmallApplicationOptions): SmallApplication {
  let stack: Stack | undefined;
  let oauth2: OAuth2 | undefined;
  let server: Server | undefined;
  let url = '';
  const started = (): OAuth2 => {
    if (oauth2 === undefined) throw new Error('The application runs only while tests do.');
    return oauth2;
  };
  beforeAll(async () => {
    stack = await freshStack(name);
    oauth2 = createOAuth2({
      users: { findById: (id) => USERS.find((user) => user.id === id), isActive: (user) => (user as SmallUser).active },
      logger: silentLogger,
      ...options.oauth2,
      database: stack.databaseUrl,
      redis: stack.redisUrl,
      keyPrefix: stack.keyPrefix,
    });
    await oauth2.migrate();
    const koa = oauth2.createKoaServer(options.server);
    koa.silent = true;
    const listening = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, koa.callback());
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  }, 60_000);
  afterAll(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
    await oauth2?.close();
    await stack?.drop();
  }, 60_000);
  return {
    get url() {
      return url;
    },
    get oauth2() {
      return started();
    },
    issue: issuerOf(started),
    untilShared: (token) => untilShared(stack, token),
  };
}

async function untilShared(stack: Stack | undefined, token: string): Promise<void> {
  if (stack?.redisUrl === undefined) return;
  const redis = new Redis(stack.redisUrl);
  const isShared = async () => {
    const [key] = await redis.keys(`${stack.keyPrefix}*token:${sha256Key(token)}`);
    // Before the token is written, there is a ticket of whoever looks it up.
    return key !== undefined && (await redis.hvals(key)).some((value) => !value.startsWith('?'));
  };
  try {
    const end = Date.now() + 20_000;
    while (!(await isShared())) {
      if (Date.now() > end) throw new Error('A token that was accepted is not in Redis after 20 s.');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    redis.disconnect();
  }
}
