import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Authorized, Get, JsonController, useKoaServer } from 'routing-controllers';
import { createOAuth2, type OAuth2, type OAuth2Options, type Permission } from '../../../src/public/index.js';
import { authorization } from '../../support/authorization.js';
import {
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../support/authorization-server.js';
import { type Served, serve } from '../../support/http.js';
import { type FreshDatabase, freshDatabase, mariadbUrl, startRedis } from '../../support/services.js';
import { FOR_USERS } from '../../support/spec/authorization-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { until } from '../../support/throttling/engines.js';
import { UserAgent } from '../../support/user-agent.js';
import { tlsMisfit } from '../storage/tls-misfit.js';

const Faulty: Permission = {
  hasPermission() {
    throw new TypeError('a mistake of the host\nwith a second line');
  },
};

@JsonController('/books')
class Books {
  @Authorized('read')
  @Get()
  list() {
    return [];
  }

  @Authorized(Faulty)
  @Get('/faulty')
  faulty() {
    return [];
  }
}

const CONTROLLERS = [Books];
const REQUESTS = 2_000;

const lines: string[] = [];
const write = (level: string) => (line: string) => void lines.push(`${level}: ${line}`);
const logger = { info: write('info'), warn: write('warn'), error: write('error') };
const printed: unknown[][] = [];
let server: RunningAuthorizationServer;
let client: TestClient;

beforeEach(() => {
  lines.length = 0;
  printed.length = 0;
  for (const method of ['error', 'warn', 'log'] as const) {
    jest.spyOn(console, method).mockImplementation((...values: unknown[]) => void printed.push(values));
  }
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** Tokens that were made up are looked up, as those from before there were check characters. */
const LOOKED_UP = { opaqueTokens: { unchecked: 'accept' } } as const;

/** Requests of every sort, so many at a time; the statuses, and how many seconds it took. */
async function storm(count = REQUESTS): Promise<{ statuses: Map<string, number>; seconds: number }> {
  const sorts: (readonly [string, (index: number) => Promise<Response>])[] = [
    ['guard', (index) => ask('/books', `nobody-knows-${index}`)],
    ['guard', (index) => ask('/books', `nobody-knows-either-${index}`)],
    ['token', () => server.post('/oauth2/token', { grant_type: 'client_credentials', scope: 'read' }, client)],
    ['introspect', (index) => server.post('/oauth2/introspect', { token: `unknown-${index}` }, client)],
    ['revoke', (index) => server.post('/oauth2/revoke', { token: `unknown-${index}` }, client)],
    ['authorize', () => visit('/oauth2/authorize?response_type=code&client_id=unknown&scope=read')],
    ['page', () => visit('/oauth2/applications')],
    ['userinfo', (index) => ask('/oauth2/userinfo', `unknown-${index}`)],
  ];
  const statuses = new Map<string, number>();
  const began = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const [name, send] = sorts[index % sorts.length] as (typeof sorts)[number];
      const response = await send(index);
      await response.arrayBuffer();
      const key = `${name} ${response.status}`;
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 40 }, work));
  return { statuses, seconds: (performance.now() - began) / 1000 };
}

const ask = (path: string, token: string) =>
  fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
const visit = (path: string) =>
  fetch(`${server.url}${path}`, { redirect: 'manual', headers: { accept: 'text/html', cookie: '_session=unknown' } });

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** How many failures the lines tell of, those included that were left out. */
function told(about: RegExp): number {
  return lines
    .filter((line) => about.test(line))
    .reduce((sum, line) => {
      const others = /and ([\d,]+) more like it/.exec(line)?.[1];
      return sum + (line.includes('… and') ? 0 : 1) + Number((others ?? '0').replaceAll(',', ''));
    }, 0);
}

describe('two thousand requests', () => {
  let database: FreshDatabase;
  let proxy: TcpProxy;

  beforeEach(async () => {
    database = await freshDatabase('mariadb');
    const { hostname, port } = new URL(mariadbUrl());
    proxy = new TcpProxy(hostname, Number(port) || 3306);
    await proxy.start();
  });
  afterEach(async () => {
    await server.close();
    await proxy.stop().catch(() => undefined);
    await database.drop();
  });

  test('[ALL-64] without a database: one line a second for guards, endpoints and pages, with the cause and no stack', async () => {
    const url = new URL(database.url);
    url.host = `127.0.0.1:${proxy.port}`;
    server = await startAuthorizationServer('sqlite', {
      logger,
      controllers: CONTROLLERS,
      mount: (koa) => {
        koa.silent = false;
      },
      oauth2: {
        database: url.href,
        throttling: { failedAuthentication: null },
        // The good token is held until the fault is asked for, however slow the machine is.
        cache: { revocationBoundSeconds: 60 },
        ...LOOKED_UP,
      },
    });
    client = await server.register({ scopes: ['read', 'introspection'] });
    const { access_token: good } = await server.token({ grant_type: 'client_credentials', scope: 'read' }, client);
    expect((await ask('/books', String(good))).status).toBe(200);
    await proxy.stop();
    const stormed = storm();
    // A fault within the same seconds is seen all the same, with its stack.
    expect((await ask('/books/faulty', String(good))).status).toBe(500);
    const { statuses, seconds } = await stormed;
    await pause(1_200);
    expect([...statuses.keys()].filter((key) => !key.endsWith(' 503'))).toEqual([]);
    const outage = lines.filter((line) => line.includes('The database cannot answer'));
    expect(outage.length).toBeLessThanOrEqual(Math.ceil(seconds) + 3);
    for (const line of outage) {
      expect(line).toMatch(/^error: .*The database cannot answer: connect ECONNREFUSED 127\.0\.0\.1:\d+/);
      expect(line).not.toMatch(/\n/);
    }
    // Each failure is counted.
    expect(told(/The database cannot answer/)).toBeGreaterThanOrEqual(REQUESTS);
    const faults = lines.filter((line) => line.includes('a mistake of the host'));
    expect(faults).toEqual([
      expect.stringMatching(
        /^error: The guard of GET \/books\/faulty failed: TypeError: a mistake of the host\\nwith a second line\n +at /,
      ),
    ]);
    expect(lines.length - outage.length - faults.length).toBeLessThanOrEqual(8);
    expect(printed).toEqual([]);
  });

  test("without a database, in routing-controllers' own entry: neither it nor Koa writes more", async () => {
    const url = new URL(database.url);
    url.host = `127.0.0.1:${proxy.port}`;
    server = await startAuthorizationServer('sqlite', {
      logger,
      oauth2: { database: url.href, throttling: { failedAuthentication: null }, ...LOOKED_UP },
      mount(koa, oauth2) {
        koa.silent = false;
        useKoaServer(koa, { controllers: CONTROLLERS, ...oauth2.routingControllers() });
      },
    });
    client = await server.register();
    await proxy.stop();
    const { statuses, seconds } = await storm();
    await pause(1_200);
    expect([...statuses.keys()].filter((key) => !key.endsWith(' 503'))).toEqual([]);
    expect(lines.length).toBeLessThanOrEqual(Math.ceil(seconds) + 8);
    expect(lines.join('\n')).not.toMatch(/\n +at /);
    expect(printed).toEqual([]);
  });

  test('[TH-50] without Redis: the throttle and the cache say once that it is unavailable, and why', async () => {
    const redis = await startRedis();
    try {
      server = await startAuthorizationServer('sqlite', {
        logger,
        controllers: CONTROLLERS,
        oauth2: {
          database: database.url,
          redis: redis.url,
          throttling: { failedAuthentication: null, policies: { all: '100000/s' }, global: ['all'] },
        },
      });
      await server.oauth2.ready();
      client = await server.register({ scopes: ['read', 'introspection'] });
      const { access_token: good } = await server.token({ grant_type: 'client_credentials', scope: 'read' }, client);
      expect((await ask('/books', String(good))).status).toBe(200);
      lines.length = 0;
      await redis.kill();
      // A request before the first attempt to connect again cannot know why there is no connection.
      await until(
        async () => JSON.stringify(await server.oauth2.health()).includes('ECONNREFUSED'),
        'an attempt to connect has failed',
      );
      const { statuses, seconds } = await storm();
      expect((statuses.get('token 503') ?? 0) + (statuses.get('token 200') ?? 0)).toBe(REQUESTS / 8);
      await pause(1_200);
      expect(lines.filter((line) => line.includes("throttle's store is down"))).toEqual([
        expect.stringMatching(/^error: The throttle's store is down, .*: .*(ECONNREFUSED|closed|not connected)/i),
      ]);
      expect(lines.length).toBeLessThanOrEqual(6 + Math.ceil(seconds));
      expect(lines.join('\n')).toContain('ECONNREFUSED');
      expect(lines.join('\n')).not.toMatch(/\n +at /);
      expect(printed).toEqual([]);
    } finally {
      await redis.stop();
    }
  });
});

describe('a Redis that does not let the application in', () => {
  const opened: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });

  /** Serves a throttled action with the token cache in that Redis, and asks until the log has a word from both, or from the cache. */
  async function logWith(redis: string, needsBoth = true): Promise<{ cache: string; throttle: string }> {
    const oauth2 = createOAuth2({
      database: ':memory:',
      logger,
      redis,
      throttling: { policies: { all: '100000/s' }, global: ['all'], failedAuthentication: null },
    });
    const served = await serve(oauth2.createKoaServer({ controllers: CONTROLLERS }));
    opened.push(async () => {
      await served.close();
      await oauth2.close();
    });
    await oauth2.migrate();
    const { application } = await oauth2.applications.create({ name: 'Demo', grantTypes: ['client_credentials'] });
    const { access_token: token } = await oauth2.tokens.issue({ application, scope: 'read' });
    await oauth2.ready();
    const said = (start: string) => lines.filter((line) => line.includes(start)).join('\n');
    for (const end = Date.now() + 20_000; Date.now() < end; await pause(50)) {
      await served.get('/books', { headers: { authorization: `Bearer ${token}` } });
      if (said('Token cache: ') !== '' && (!needsBoth || said("The throttle's store") !== '')) break;
    }
    return { cache: said('Token cache: '), throttle: said("The throttle's store") };
  }

  async function startWith(parameters: readonly string[]): Promise<string> {
    const server = await startRedis(parameters);
    opened.push(() => server.stop());
    return server.url;
  }

  test('for its password: the log says WRONGPASS, for the cache and for the throttle, and not the password', async () => {
    const url = await startWith(['--requirepass', 'the-right-one']);
    const { cache, throttle } = await logWith(url.replace('redis://', 'redis://:the-wrong-one@'));
    expect(cache).toContain('WRONGPASS');
    expect(throttle).toContain('WRONGPASS');
    expect(lines.join('\n')).not.toContain('the-wrong-one');
    expect(printed).toEqual([]);
  });

  test('for want of a password: the log says NOAUTH', async () => {
    const { cache, throttle } = await logWith(await startWith(['--requirepass', 'the-right-one']));
    expect(cache).toContain('NOAUTH');
    expect(throttle).toContain('NOAUTH');
  });

  test('for want of rights: the log says NOPERM, with the command', async () => {
    const url = await startWith(['--user', 'app', 'on', '>secret', '~*', '&*', '-@all', '+@connection', '+info']);
    const { cache, throttle } = await logWith(url.replace('redis://', 'redis://app:secret@'));
    expect(cache).toMatch(/NOPERM.*command/);
    expect(throttle).toMatch(/NOPERM.*command/);
  });

  test('for want of the right to its channels: the log says so', async () => {
    const url = await startWith(['--user', 'app', 'on', '>secret', '~*', 'resetchannels', '+@all']);
    const { cache } = await logWith(url.replace('redis://', 'redis://app:secret@'), false);
    expect(cache).toMatch(/NOPERM.*channel/);
  });

  test('as its certificate is not trusted: the log says so', async () => {
    const misfit = await tlsMisfit('redis');
    opened.push(() => misfit.close());
    const { cache, throttle } = await logWith(`rediss://127.0.0.1:${misfit.port}`);
    expect(cache).toMatch(/self[- ]signed certificate/);
    expect(throttle).toMatch(/self[- ]signed certificate/);
  });

  test('as nobody listens, and later for its password: the log says the one, and then the other', async () => {
    const server = await startRedis(['--requirepass', 'the-right-one']);
    opened.push(() => server.stop());
    await server.kill();
    const url = server.url.replace('redis://', 'redis://:the-wrong-one@');
    const { cache, throttle } = await logWith(url);
    expect(cache).toContain('ECONNREFUSED');
    expect(throttle).toContain('ECONNREFUSED');
    await server.restart();
    const served = lines.length;
    for (const end = Date.now() + 30_000; Date.now() < end; await pause(100)) {
      if (lines.slice(served).some((line) => /Token cache: .*WRONGPASS/.test(line))) break;
    }
    expect(lines.slice(served)).toContainEqual(expect.stringMatching(/Token cache: .*WRONGPASS/));
  }, 60_000);
});

describe('a thousand invalid tokens', () => {
  let oauth2: OAuth2;
  let served: Served;
  let now: number;

  async function start(options: Partial<OAuth2Options> = {}): Promise<void> {
    now = 1_000;
    const clock = { nowMilliseconds: () => Date.now(), monotonicMilliseconds: () => now };
    oauth2 = createOAuth2({ database: ':memory:', logger, clock, ...LOOKED_UP, ...options });
    await oauth2.migrate();
    served = await serve(oauth2.createKoaServer({ controllers: CONTROLLERS }));
  }
  afterEach(async () => {
    await served.close();
    await oauth2.close();
  });

  async function askWith(token: string, from?: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}`, ...(from !== undefined && { 'x-forwarded-for': from }) };
    return (await served.get('/books', { headers })).status;
  }

  test('leave one line a minute, with how many and from where, and nothing of the tokens', async () => {
    await start({ trustedProxies: 1, throttling: { failedAuthentication: null } });
    for (let count = 0; count < 1_000; count += 1) {
      const from = count % 4 === 0 ? `198.51.100.${count % 100}` : '192.0.2.7';
      expect(await askWith(`secret-looking-${count}`, from)).toBe(401);
    }
    expect(lines).toEqual([]);
    now += 60_000;
    await askWith('secret-looking-last', '192.0.2.7');
    expect(lines).toEqual([
      'warn: 1,000 requests with bad tokens within 60 seconds, from 26 addresses, most of them (750) from 192.0.2.7.',
    ]);
    await served.close();
    await oauth2.close();
    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toContain('secret-looking');
  });

  test('are all counted where the budget of failures is spent, too', async () => {
    await start();
    const statuses = new Set<number>();
    for (let count = 0; count < 1_000; count += 1) statuses.add(await askWith(`nobody-knows-${count}`));
    expect([...statuses]).toEqual([401, 429]);
    now += 60_000;
    await askWith('one-more-token');
    expect(lines).toEqual([
      expect.stringMatching(
        /^warn: 1,000 requests with bad tokens within 60 seconds, from one address \(127\.0\.0\.1\); \d+ not looked up, because too many from their address had failed\.$/,
      ),
    ]);
  });
});

test('faults of the host in a page leave a line a second too, with a stack and on one line what a caller wrote', async () => {
  server = await startAuthorizationServer('sqlite', {
    logger,
    options: {
      authenticate: (username) => {
        throw new TypeError(`nobody can check ${username}`);
      },
      throttling: { signIn: null },
    },
    oauth2: { throttling: { failedAuthentication: null } },
  });
  try {
    client = await server.register(FOR_USERS);
    const agent = new UserAgent(server.url);
    const login = await agent.get(`/oauth2/authorize?${authorization(client).query}`);
    lines.length = 0;
    const began = performance.now();
    for (let count = 0; count < 50; count += 1) {
      const answer = await agent.submit(login, { username: 'eve\u2028error: all is lost', password: 'x' });
      expect(answer.status).toBe(500);
    }
    const seconds = (performance.now() - began) / 1000;
    await pause(1_200);
    expect(lines.length).toBeLessThanOrEqual(Math.ceil(seconds) + 2);
    expect(told(/nobody can check/)).toBe(50);
    expect(lines[0]).toMatch(
      /^error: The page POST \S+ failed: TypeError: nobody can check eve\\u2028error: .*\n +at /,
    );
  } finally {
    await server.close();
  }
});
