import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type BookstoreProcess, freshStack, type Stack, startBookstore } from '../../support/bookstore.js';
import { call } from '../../support/spec/http.js';

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** With fields that fetch does not let anybody set. */
function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    asking.on('error', reject).end();
  });
}

describe('[ALL-68] the page at /', () => {
  let stack: Stack;
  let shop: BookstoreProcess;

  beforeAll(async () => {
    stack = await freshStack('SQLite + memory');
    // Neither is set: it listens where it listens by default.
    shop = await startBookstore(stack, { HOST: '' });
  }, 60_000);

  afterAll(async () => {
    await shop?.stop();
    await stack?.drop();
  });

  const tokensIn = (text: string) => [...text.matchAll(/Bearer ([\w-]+)/g)].map(([, token]) => token as string);

  test('shows commands with tokens that work to who is on this machine', async () => {
    const { status, headers, text } = await get(`${shop.url}/`);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toContain('<h1>Bookstore</h1>');
    const [alice = ''] = tokensIn(text);
    expect((await call(`${shop.url}/api/protected`, { token: alice })).status).toBe(200);
    expect(text).toMatch(/-u &#39;bookstore-demo:[\w-]{43}&#39;/);
    expect(await get(`${shop.url.replace('127.0.0.1', 'localhost')}/`).then((answer) => tokensIn(answer.text))).toEqual(
      tokensIn(text),
    );
  });

  test('is no page for scripts, frames, caches and other origins', async () => {
    const { headers, text } = await get(`${shop.url}/`);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(text).not.toMatch(/<script|\son\w+=|style="/);
  });

  test.each([
    ['a name that was made to point here', { host: 'evil.example' }],
    ['a name that begins like this machine', { host: '127.0.0.1.evil.example' }],
    ['a proxy', { 'x-forwarded-for': '127.0.0.1' }],
    ['a standard proxy', { forwarded: 'for=127.0.0.1' }],
    ['no usable name', { host: 'a b' }],
  ])('shows no token and no secret through %s', async (_what, headers) => {
    const { status, text } = await get(`${shop.url}/`, headers);
    expect(status).toBe(200);
    expect(text).toContain('Open this page on the machine on which the bookstore runs');
    expect(text).not.toMatch(/Bearer|bookstore-demo:/);
  });

  test('names every action with what it requires', async () => {
    const { text } = await get(`${shop.url}/`);
    expect(text).toMatch(/<code>GET<\/code><\/td><td><code>\/api\/public\/?<\/code><\/td><td>nothing: public<\/td>/i);
    expect(text).toMatch(/<code>\/books\/?<\/code><\/td><td>[^<]*books:read/);
  });

  test('every link of it leads somewhere', async () => {
    const { text } = await get(`${shop.url}/`);
    const links = new Set([...text.matchAll(/href="(\/[^"]*)"/g)].map(([, path]) => path as string));
    expect(links.size).toBeGreaterThan(8);
    for (const path of links) {
      const { status } = await get(`${shop.url}${path}`);
      expect([path, [200, 303].includes(status ?? 0)]).toEqual([path, true]);
    }
  });

  test('behind a public address it shows no tokens, since a proxy may pass requests on as if they came from here', async () => {
    const proxied = await startBookstore(stack, { PUBLIC_URL: 'https://books.example.com' });
    try {
      const { status, text } = await get(`${proxied.url}/`);
      expect(status).toBe(200);
      expect(tokensIn(text)).toEqual([]);
      expect(text).not.toContain('bookstore-demo:');
    } finally {
      await proxied.stop();
    }
  });

  test('without HOST only this machine reaches it, at the one address', async () => {
    // Another address of the loopback: it would answer for who listens on every address.
    await expect(get(shop.url.replace('127.0.0.1', '127.0.0.2'))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const everywhere = await startBookstore(stack, { HOST: '0.0.0.0' });
    try {
      expect((await get(`${everywhere.url.replace('127.0.0.1', '127.0.0.2')}/health/live`)).status).toBe(200);
    } finally {
      await everywhere.stop();
    }
  });
});
