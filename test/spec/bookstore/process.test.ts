import { describe, expect, test } from '@jest/globals';

import { createOAuth2 } from '../../../src/public/index.js';
import { failToStart, freshStack, issuerOf, STACKS, startBookstore } from '../../support/bookstore.js';
import { call, head, openSocket, rawReply } from '../../support/spec/http.js';

describe.each(STACKS)('the process of the example, on %s', (name) => {
  test('on SIGTERM a request in flight finishes, nothing new is accepted, and the exit code is 0', async () => {
    const stack = await freshStack(name);
    const shop = await startBookstore(stack);
    const oauth2 = createOAuth2({ database: stack.databaseUrl, redis: stack.redisUrl, keyPrefix: stack.keyPrefix });
    try {
      const token = await issuerOf(() => oauth2)('books books:write', { user: 'alice' });
      const body = JSON.stringify({ title: 'In flight', author: 'X' });
      const socket = await openSocket(shop.url);
      let received = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        received += text;
      });
      const ended = new Promise((resolve) => socket.once('close', resolve));
      const fields = [
        `Authorization: Bearer ${token}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        'Expect: 100-continue',
      ];
      socket.write(head(shop.url, 'POST /books', fields));
      // The server asks for the body: the request is in flight.
      await until(() => received.startsWith('HTTP/1.1 100 Continue'));
      const stopping = shop.stop('SIGTERM');
      await until(async () => !(await accepts(shop.url)));
      socket.write(body);
      await ended;
      const reply = rawReply(received.slice(received.indexOf('\r\n\r\n') + 4));
      expect(reply.status).toBe(201);
      expect(JSON.parse(reply.text)).toMatchObject({ title: 'In flight' });
      expect(await stopping).toBe(0);
      expect(await oauth2.knex('bookstore_books').select('title')).toEqual([{ title: 'In flight' }]);
    } finally {
      await shop.stop('SIGKILL');
      await oauth2.close();
      await stack.drop();
    }
  }, 60_000);

  test('SIGINT, with connections that only idle: exit code 0', async () => {
    const stack = await freshStack(name);
    const shop = await startBookstore(stack);
    expect((await call(`${shop.url}/health/live`)).status).toBe(200);
    const idle = await openSocket(shop.url);
    idle.on('error', () => {});
    expect(await shop.stop('SIGINT')).toBe(0);
    idle.destroy();
    await stack.drop();
  }, 60_000);

  test('it is ready while its database answers, and says 503 while it does not; it lives all the while', async () => {
    const stack = await freshStack(name);
    const shop = await startBookstore(stack);
    const administrator = createOAuth2({ database: stack.databaseUrl });
    try {
      for (const path of ['/health/ready', '/health']) {
        expect(await call(`${shop.url}${path}`)).toMatchObject({ status: 200, body: { status: 'ready' } });
      }
      // As far as the bookstore can see, a table that is gone is a database that is.
      await administrator.knex.schema.renameTable('oauth2_access_tokens', 'oauth2_access_tokens_away');
      const away = await readyUntil(503, shop.url);
      expect(away.headers.get('retry-after')).not.toBeNull();
      expect((await call(`${shop.url}/health/live`)).status).toBe(200);
      await administrator.knex.schema.renameTable('oauth2_access_tokens_away', 'oauth2_access_tokens');
      await readyUntil(200, shop.url);
    } finally {
      await administrator.close();
      await shop.stop('SIGKILL');
      await stack.drop();
    }
  }, 60_000);

  test('two processes that start at once on an empty database both run', async () => {
    const stack = await freshStack(name);
    const shops = await Promise.all([startBookstore(stack), startBookstore(stack)]);
    for (const { url } of shops) expect((await call(`${url}/health/live`)).status).toBe(200);
    expect(await Promise.all(shops.map((shop) => shop.stop()))).toEqual([0, 0]);
    await stack.drop();
  }, 60_000);

  test('the curl lines that it prints are calls with live tokens', async () => {
    const stack = await freshStack(name);
    const shop = await startBookstore(stack);
    const output = await shop.output();
    const calls = [...output.matchAll(/^curl -i '([^']+)' -H 'Authorization: Bearer ([\w-]+)'$/gm)];
    const statuses = [];
    for (const [, url = '', token] of calls)
      statuses.push([new URL(url).pathname, (await call(url, { token })).status]);
    expect(statuses).toEqual([
      ['/api/protected', 200],
      ['/api/token-info', 200],
      ['/books', 200],
      ['/api/read-write', 200],
      ['/api/protected', 403],
      ['/api/protected', 200],
      ['/api/user-only', 403],
      ['/api/protected', 401],
    ]);
    await shop.stop();
    await stack.drop();
  }, 60_000);
});

describe('an environment that cannot be', () => {
  test.each([
    ['PORT', 'abc'],
    ['PORT', '65536'],
    ['DATABASE_URL', 'oracle://localhost/x'],
    ['DATABASE_URL', 'mysql://localhost'],
    ['REDIS_URL', 'localhost:6379'],
    ['THROTTLE_ANON', '5/month'],
    ['THROTTLE_FAILED_AUTHENTICATION', 'often'],
    ['ERROR_RESPONSE_WITH_SCOPES', 'maybe'],
    ['SESSION_KEYS', 'a,,b'],
    ['TRUSTED_PROXIES', '-1'],
    ['OAUTH2_ENCRYPTION_KEYS', 'a,,b'],
    ['OAUTH2_ENCRYPTION_KEYS', 'too-short'],
    ['PUBLIC_URL', 'http://books.example.com'],
    ['PUBLIC_URL', 'https://books.example.com/'],
    ['PUBLIC_URL', 'books.example.com'],
  ])('%s=%s: one line that says so, exit code 2', async (variable, value) => {
    const { output, exitCode } = await failToStart({ PORT: '0', HOST: '127.0.0.1', [variable]: value });
    expect(exitCode).toBe(2);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).toContain(variable === 'DATABASE_URL' ? 'database' : variable);
  });
});

/** Asks until the answer is this one: a report is up to a second old. */
async function readyUntil(status: number, url: string) {
  for (const end = Date.now() + 30_000; ; ) {
    const answer = await call(`${url}/health/ready`);
    if (answer.status === status || Date.now() > end) {
      expect(answer.status).toBe(status);
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Waits for a condition, not for a time. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It did not happen.');
}

async function accepts(url: string): Promise<boolean> {
  try {
    (await openSocket(url)).destroy();
    return true;
  } catch {
    return false;
  }
}
