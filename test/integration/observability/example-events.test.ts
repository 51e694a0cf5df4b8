import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EVENT_NAMES } from '../../../src/core/events/event-map.js';
import { type Bookstore, STACKS, useBookstore } from '../../support/bookstore.js';
import { bearerHeader } from '../../support/http.js';
import { UserAgent } from '../../support/user-agent.js';

interface Recorded {
  readonly name: string;
  readonly event: Readonly<Record<string, unknown>>;
}

const RECORDER = pathToFileURL(resolve('test/integration/observability/record-events.mjs')).href;

/** Everything that a caller can do at the example; answers each secret that passed by. */
async function wholeRun(bookstore: Bookstore): Promise<string[]> {
  const { url } = bookstore;
  const secrets: string[] = ['wonderland', 'never-right'];
  const get = (path: string, headers: Record<string, string> = {}) => fetch(url + path, { headers });
  const post = async (path: string, form: Record<string, string>, authorization?: string) => {
    const headers = new Headers(authorization === undefined ? undefined : { authorization });
    const response = await fetch(url + path, { method: 'POST', headers, body: new URLSearchParams(form) });
    return (await response.json().catch(() => ({}))) as Record<string, string>;
  };

  const service = await bookstore.service();
  const basic = `Basic ${Buffer.from(service).toString('base64')}`;
  secrets.push(service.split(':')[1] as string, basic.slice(6));
  const issued = await post('/oauth2/token', { grant_type: 'client_credentials', scope: 'api' }, basic);
  secrets.push(issued.access_token as string);
  await post('/oauth2/token', { grant_type: 'client_credentials' }, `Basic ${btoa('bookstore-demo:never-right')}`);

  const forged = randomBytes(32).toString('base64url');
  secrets.push(forged);
  for (const token of [issued.access_token as string, issued.access_token as string, forged, 'not a token']) {
    await get('/api/throttled', { ...bearerHeader(token), 'x-request-id': token });
    await get('/books', bearerHeader(token));
    await get('/api/open', bearerHeader(token));
  }
  await get(`/api/throttled?access_token=${forged}`);
  await get('/api/throttled');
  for (let count = 0; count < 12; count += 1) await get('/api/open');

  const session = await fetch(`${url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'alice', password: 'wonderland' }),
  });
  secrets.push(((await session.json()) as { csrf_token: string }).csrf_token);
  const cookies = session.headers.getSetCookie().map((line) => line.split(';')[0] as string);
  secrets.push(...cookies.map((cookie) => cookie.slice(cookie.indexOf('=') + 1)).filter((value) => value.length > 8));
  await get('/hybrid', { cookie: cookies.join('; ') });

  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = `${url}/demo/callback`;
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'bookstore-reader',
    redirect_uri: redirectUri,
    scope: 'openid read offline_access',
    prompt: 'consent',
    state: 'some-state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  // The example's own page at the callback would use the code.
  const agent = new UserAgent(url.replace('127.0.0.1', 'localhost'));
  const login = await agent.get(`/oauth2/authorize?${query}`);
  const wrong = await agent.submit(login, { username: 'alice', password: 'never-right' });
  const consent = await agent.submit(wrong, { username: 'alice', password: 'wonderland' });
  const arrived = await agent.submit(consent, { decision: 'allow' });
  const code = /[?&]code=([\w-]+)/.exec(`${arrived.url} ${arrived.headers.get('location')}`)?.[1] as string;
  secrets.push(code, verifier, agent.sessionCookie() ?? 'no session cookie');
  const exchange = { client_id: 'bookstore-reader', grant_type: 'authorization_code', code, redirect_uri: redirectUri };
  const tokens = await post('/oauth2/token', { ...exchange, code_verifier: verifier });
  secrets.push(tokens.access_token as string, tokens.refresh_token as string, tokens.id_token as string);
  const refresh = { client_id: 'bookstore-reader', grant_type: 'refresh_token' };
  const renewed = await post('/oauth2/token', { ...refresh, refresh_token: tokens.refresh_token as string });
  secrets.push(renewed.access_token as string, renewed.refresh_token as string);
  await get('/read', bearerHeader(renewed.access_token as string));
  await post('/oauth2/introspect', { token: renewed.access_token as string }, basic);
  await post('/oauth2/revoke', { client_id: 'bookstore-reader', token: renewed.refresh_token as string });
  return secrets;
}

describe.each(STACKS)('over a whole run of the example on %s', (stack) => {
  let folder: string;
  const environment: Record<string, string> = {
    NODE_OPTIONS: `--import ${RECORDER}`,
    EVENT_NAMES: EVENT_NAMES.join(' '),
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oauth2-test-events-'));
    environment.EVENTS_FILE = join(folder, 'events');
  });
  const bookstore = useBookstore(stack, { environment });

  let ran: Promise<{ events: Recorded[]; secrets: string[] }> | undefined;
  const run = () => {
    ran ??= runAll();
    return ran;
  };
  async function runAll() {
    const secrets = await wholeRun(bookstore);
    const issued = await bookstore.oauth2.tokens.issue({ application: 'bookstore-demo', scope: 'api' });
    await fetch(`${bookstore.url}/api/throttled`, { headers: bearerHeader(issued.access_token) });
    secrets.push(issued.access_token);
    const lines = (await readFile(environment.EVENTS_FILE as string, 'utf8')).trim().split('\n');
    return { secrets, events: lines.map((line) => JSON.parse(line) as Recorded) };
  }

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('no event contains a token, a code, a secret, a password or a cookie', async () => {
    const { events, secrets } = await run();
    expect(secrets.filter((secret) => typeof secret !== 'string' || secret.length < 8)).toEqual([]);
    const text = JSON.stringify(events);
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });

  test('what was decided is there: who passed, who did not and why, where tokens came from, and their lives', async () => {
    const { events } = await run();
    // A machine that is busy with other tests may take longer than a store is waited for; nothing is decided by that.
    const names = new Set(events.map(({ name }) => name).filter((name) => name !== 'store.changed'));
    expect(names).toEqual(
      new Set([
        'access.granted',
        'access.refused',
        'throttle.refused',
        'token.verified',
        'token.issued',
        'token.refreshed',
        'token.revoked',
        'client.refused',
        'user.refused',
        'session.started',
        'consent.granted',
        'key.used',
        'key.created',
      ]),
    );
    const reasons = new Set(events.filter(({ name }) => name === 'access.refused').map(({ event }) => event.reason));
    for (const reason of ['no_credentials', 'invalid_token', 'insufficient_scope', 'throttled'])
      expect(reasons).toContain(reason);
    const levels = new Set(events.filter(({ name }) => name === 'token.verified').map(({ event }) => event.level));
    expect(levels).toContain('process');
    expect(levels).toContain('verifier');
  });
});
