import 'reflect-metadata';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2, Throttle } from '../../../src/public/index.js';
import { runCliProcess } from '../../support/cli/run-cli.js';
import {
  type FreshDatabase,
  freshDatabase,
  type RedisProcess,
  startRedis,
  startRedisCluster,
  startSentinel,
} from '../../support/services.js';
import { type Certificates, makeCertificates } from '../../support/tls/certificates.js';
import { startTlsCluster, startTlsRedis, startTlsSentinel, tlsPortOf } from '../../support/tls/redis.js';

@JsonController()
class ShelfController {
  @Get('/books')
  @Authorized('read')
  books() {
    return [];
  }

  @Get('/counted')
  @Authorized('read')
  @Throttle('few')
  counted() {
    return [];
  }
}

type Kind = 'single' | 'Sentinel' | 'Cluster';
type Protection = 'plain text' | 'TLS';

interface Topology {
  /** What holds the keys, each with a port of plain text for the test. */
  readonly nodes: readonly RedisProcess[];
  /** An expression that makes a client, with the names `Redis` and `Cluster`. */
  client(ca?: string): string;
  stop(): Promise<void>;
}

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});
afterAll(() => certificates?.remove());

/** Made from the same text in this process and in the module of options that the command line loads. */
function clientOf(topology: Topology, ca?: string): Redis | Cluster {
  const client = new Function('Redis', 'Cluster', `return ${topology.client(ca)};`)(Redis, Cluster);
  client.on('error', () => {});
  return client;
}

async function start(kind: Kind, protection: Protection): Promise<Topology> {
  const secure = protection === 'TLS';
  const tls = (ca = certificates.ca) =>
    `{ ca: process.getBuiltinModule('node:fs').readFileSync(${JSON.stringify(ca)}) }`;
  if (kind === 'Cluster') {
    const cluster = await (secure ? startTlsCluster(certificates) : startRedisCluster());
    return {
      nodes: cluster.nodes,
      client: (ca) =>
        `new Cluster(${JSON.stringify(cluster.startupNodes)}, { lazyConnect: true${secure ? `, redisOptions: { tls: ${tls(ca)} }` : ''} })`,
      stop: () => cluster.stop(),
    };
  }
  const master = await (secure ? startTlsRedis(certificates) : startRedis());
  const portOf = secure ? tlsPortOf : ({ port }: RedisProcess) => port;
  if (kind === 'single') {
    return {
      nodes: [master],
      client: (ca) =>
        `new Redis({ host: '127.0.0.1', port: ${portOf(master)}, lazyConnect: true${secure ? `, tls: ${tls(ca)}` : ''} })`,
      stop: () => master.stop(),
    };
  }
  const sentinel = await (secure
    ? startTlsSentinel(certificates, master)
    : startSentinel({ name: 'main', port: master.port }));
  return {
    nodes: [master],
    client: (ca) =>
      `new Redis({ sentinels: [{ host: '127.0.0.1', port: ${portOf(sentinel)} }], name: 'main', lazyConnect: true${secure ? `, enableTLSForSentinelMode: true, tls: ${tls(ca)}, sentinelTLS: ${tls(ca)}` : ''} })`,
    async stop() {
      await sentinel.stop();
      await master.stop();
    },
  };
}

async function keysOf({ nodes }: Topology): Promise<string[]> {
  const found: string[] = [];
  for (const { url } of nodes) {
    const redis = new Redis(url);
    found.push(...(await redis.keys('*')));
    redis.disconnect();
  }
  return found;
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Waited in vain until ${what}.`);
    await pause(50);
  }
}

const CASES = (['single', 'Sentinel', 'Cluster'] as const).flatMap((kind) =>
  (['plain text', 'TLS'] as const).map((protection): [Kind, Protection] => [kind, protection]),
);

describe.each(CASES)('Redis, %s, in %s', (kind, protection) => {
  let topology: Topology;
  let database: FreshDatabase;
  let folder: string;
  const clients: (Redis | Cluster)[] = [];
  const processes: { oauth2: OAuth2; server: Server; url: string }[] = [];

  async function serve(): Promise<void> {
    const client = clientOf(topology);
    clients.push(client);
    const oauth2 = createOAuth2({
      database: database.url,
      redis: client,
      scopes: { read: 'Read' },
      logger: silentLogger,
      cache: { maxAgeSeconds: 3600, deadlineMilliseconds: 1_000 },
      throttling: { policies: { few: '3/hour' }, deadlineMilliseconds: 10_000 },
    });
    await oauth2.migrate();
    await oauth2.ready();
    // Before, what it looks up stays in this process.
    await until('the channel is proven', () => oauth2.readings.cache.isProven);
    const server = createServer(oauth2.createKoaServer({ controllers: [ShelfController] }).callback());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    processes.push({ oauth2, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  }

  beforeAll(async () => {
    [topology, database] = await Promise.all([start(kind, protection), freshDatabase('sqlite')]);
    folder = await mkdtemp(join(tmpdir(), 'oauth2-test-tls-'));
    await serve();
    await serve();
  }, 60_000);

  afterAll(async () => {
    for (const { oauth2, server } of processes) {
      server.closeAllConnections();
      server.close();
      await oauth2.close();
    }
    for (const client of clients) client.disconnect();
    await topology?.stop();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  async function freshToken(): Promise<string> {
    const [{ oauth2 }] = processes as [(typeof processes)[0]];
    const { application } = await oauth2.applications.create({ name: 'x', grantTypes: ['client_credentials'] });
    return (await oauth2.tokens.issue({ application, scope: 'read' })).access_token;
  }

  async function statuses(path: string, token: string): Promise<number[]> {
    const answers: number[] = [];
    for (const { url } of processes) {
      const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
      await answer.arrayBuffer();
      answers.push(answer.status);
    }
    return answers;
  }

  test('two processes admit a token, keep it in Redis, and count its requests together', async () => {
    const token = await freshToken();
    expect([...(await statuses('/counted', token)), ...(await statuses('/counted', token))]).toEqual([
      200, 200, 200, 429,
    ]);
    await until('the token and the count lie in Redis', async () => {
      const keys = (await keysOf(topology)).join('\n');
      return /token:/.test(keys) && /throttle:/.test(keys);
    });
  });

  test('a revocation by the command line, with the options of the servers, reaches both', async () => {
    const token = await freshToken();
    expect(await statuses('/books', token)).toEqual([200, 200]);
    const config = join(folder, 'options.mjs');
    await writeFile(
      config,
      `import ioredis from ${JSON.stringify(resolve('node_modules/ioredis/built/index.js'))};
      const { Redis, Cluster } = ioredis;
      export const options = { database: ${JSON.stringify(database.url)}, redis: ${topology.client()} };`,
    );
    const { code, stdout, stderr } = await runCliProcess([
      'tokens',
      'revoke',
      '--config',
      config,
      '--json',
      '--',
      token,
    ]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '{"revoked":true}\n', stderr: '' });
    await until('both processes refuse it', async () =>
      (await statuses('/books', token)).every((status) => status === 401),
    );
  }, 60_000);

  if (protection === 'TLS') {
    test('one whose authority is not trusted is refused, and the message says so', async () => {
      const client = clientOf(topology, certificates.stranger);
      const oauth2 = createOAuth2({ database: database.url, redis: client, logger: silentLogger });
      try {
        // Of two errors of a connection to a Sentinel, ioredis tells the one that it hears of last; of a Cluster it may keep to
        // itself why the first connection to a node was closed.
        const reason = {
          single: /certificate|signature/i,
          Sentinel: /certificate|signature|all sentinels are unreachable/i,
          Cluster: /certificate|signature|connection is closed/i,
        }[kind];
        await expect(oauth2.ready({ whenAway: 'reject' })).rejects.toThrow(/^Redis cannot be reached \(/);
        await expect(oauth2.ready({ whenAway: 'reject' })).rejects.toThrow(reason);
      } finally {
        await oauth2.close();
        client.disconnect();
      }
    }, 60_000);
  }
});

describe('a Redis URL', () => {
  let redis: RedisProcess;
  let misnamed: RedisProcess;
  let database: FreshDatabase;

  beforeAll(async () => {
    const { otherCert: cert, otherKey: key } = certificates;
    [redis, misnamed, database] = await Promise.all([
      startTlsRedis(certificates),
      startTlsRedis({ ...certificates, cert, key }),
      freshDatabase('sqlite'),
    ]);
    const migrating = createOAuth2({ database: database.url, logger: silentLogger });
    await migrating.migrate();
    await migrating.close();
  }, 60_000);

  afterAll(async () => {
    await Promise.all([redis?.stop(), misnamed?.stop(), database?.drop()]);
  });

  const address = (scheme: string, { port }: { port: number }, parameters: string) =>
    `${scheme}://localhost:${port}?${parameters}`;
  const ca = () => `ssl-ca=${encodeURIComponent(certificates.ca)}`;

  /** Gets ready with a URL, and uses the cache and the engine of the throttles. */
  async function ready(url: string): Promise<void> {
    const oauth2 = createOAuth2({
      database: database.url,
      redis: url,
      logger: silentLogger,
      cache: { deadlineMilliseconds: 1_000 },
      throttling: { policies: { few: '3/hour' } },
    });
    try {
      await oauth2.ready({ whenAway: 'reject' });
    } finally {
      await oauth2.close();
    }
  }

  test.each(['rediss', 'REDISS'])(
    '%s:// with ssl-ca is TLS, and the authority verifies the server',
    async (scheme) => {
      const tls = { port: tlsPortOf(redis) };
      await ready(address(scheme, tls, ca()));
      await ready(address(scheme, tls, ca().replace('ssl-ca', 'sslrootcert')));
      // Never in plain text, though the server would answer.
      await expect(ready(address(scheme, redis, ca()))).rejects.toThrow(/^Redis cannot be reached/);
    },
    60_000,
  );

  test('without ssl-ca, and with the wrong one, it is refused', async () => {
    const tls = { port: tlsPortOf(redis) };
    const wrong = `ssl-ca=${encodeURIComponent(certificates.stranger)}`;
    for (const parameters of ['', wrong]) {
      await expect(ready(address('rediss', tls, parameters))).rejects.toThrow(/\(.*(certificate|signature).*\)/i);
    }
  });

  test('a certificate for another name is refused', async () => {
    await expect(ready(address('rediss', { port: tlsPortOf(misnamed) }, ca()))).rejects.toThrow(/altnames/);
  });

  test('the command line takes it too, and says why it refuses a server', async () => {
    const call = (parameters: string) =>
      runCliProcess(['tokens', 'revoke', 'unknown', '--json'], {
        env: {
          DATABASE_URL: database.url,
          REDIS_URL: address('rediss', { port: tlsPortOf(redis) }, parameters),
        },
      });
    const url = address('rediss', { port: tlsPortOf(redis) }, ca());
    const server = createOAuth2({ database: database.url, redis: url, logger: silentLogger });
    try {
      await server.ready({ whenAway: 'reject' });
      // Only if somebody listens is everybody told.
      await until('the server listens', () => server.readings.cache.isProven);
      expect(await call(ca())).toMatchObject({ code: 0, stderr: '' });
    } finally {
      await server.close();
    }
    const refused = await call(`ssl-ca=${encodeURIComponent(certificates.stranger)}`);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/certificate|signature/i);
  }, 60_000);
});

test('a Cluster client that ioredis made from rediss:// alone is refused: it would send its password in plain text', () => {
  const redis = new Cluster(['rediss://:word@localhost:6380'], { lazyConnect: true });
  try {
    expect(() => createOAuth2({ database: ':memory:', redis, logger: silentLogger })).toThrow(
      'set redisOptions: { tls: {} } too',
    );
  } finally {
    redis.disconnect();
  }
});
