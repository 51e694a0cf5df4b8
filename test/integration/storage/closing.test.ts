import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { bundle } from '../../support/bundle.js';
import { databaseKinds, type FreshDatabase, freshDatabase, redisUrl } from '../../support/services.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { until } from './fixture.js';
import { type TlsMisfit, tlsMisfit } from './tls-misfit.js';

/** What an orchestrator waits before it kills; far more than it takes. */
const PATIENCE_MILLISECONDS = 10_000;

let program: string;
let child: ChildProcess | undefined;

beforeAll(async () => {
  program = await bundle(new URL('closing-process.ts', import.meta.url), 'closing');
});

afterAll(() => rm(program, { force: true }));

afterEach(() => {
  child?.kill('SIGKILL');
});

async function start(database: string, redis = ''): Promise<ChildProcess> {
  child = fork(program, [database, redis], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  await once(child, 'message');
  return child;
}

async function ask(process: ChildProcess): Promise<void> {
  process.send('ask');
  expect((await once(process, 'message'))[0]).toBe('asked');
}

/** Tells it to close; how it ended, and what it complained of. */
async function close(process: ChildProcess): Promise<unknown> {
  let complaints = '';
  process.stderr?.on('data', (data) => {
    complaints += data;
  });
  const impatience = setTimeout(() => process.kill('SIGKILL'), PATIENCE_MILLISECONDS);
  process.send('close');
  const [code, signal] = await once(process, 'exit');
  clearTimeout(impatience);
  return { code, signal, complaints };
}

const WELL = { code: 0, signal: null, complaints: '' };

describe.each(databaseKinds().filter((kind) => kind !== 'sqlite'))('close() with %s', (kind) => {
  let database: FreshDatabase;
  let proxy: TcpProxy;
  let url: string;

  beforeEach(async () => {
    database = await freshDatabase(kind);
    const target = new URL(database.url);
    proxy = new TcpProxy(target.hostname, Number(target.port || (kind === 'postgres' ? 5432 : 3306)));
    await proxy.start();
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    url = target.href;
  });

  afterEach(async () => {
    child?.kill('SIGKILL');
    proxy.thaw();
    await proxy.stop().catch(() => undefined);
    await database.drop();
  });

  test('ends the process, called twice and with requests under way', async () => {
    const running = await start(url);
    await ask(running);
    expect(await close(running)).toEqual(WELL);
  });

  test('ends it also when the database is frozen', async () => {
    const running = await start(url);
    await ask(running);
    proxy.freeze();
    expect(await close(running)).toEqual(WELL);
  }, 30_000);

  test('ends it also when the database was frozen from the beginning', async () => {
    proxy.freeze();
    expect(await close(await start(url))).toEqual(WELL);
  }, 30_000);

  test('ends it also when the database was never there, and Redis neither', async () => {
    await proxy.stop();
    expect(await close(await start(url, 'redis://127.0.0.1:1'))).toEqual(WELL);
    await proxy.start();
  }, 30_000);

  test('ends it also when Redis is frozen', async () => {
    const { hostname, port } = new URL(redisUrl());
    const redis = new TcpProxy(hostname, Number(port || 6379));
    await redis.start();
    const running = await start(url, `redis://127.0.0.1:${redis.port}`);
    await ask(running);
    redis.freeze();
    expect(await close(running)).toEqual(WELL);
    redis.thaw();
    await redis.stop();
  }, 30_000);
});

describe('a certificate that is not trusted', () => {
  let server: TlsMisfit;

  afterEach(async () => {
    child?.kill('SIGKILL');
    await server.close();
  });

  test.each(['mysql', 'postgres', 'redis'] as const)(
    'of %s is an error of the request and not of the process',
    async (kind) => {
      server = await tlsMisfit(kind);
      const running =
        kind === 'redis'
          ? await start(':memory:', `rediss://127.0.0.1:${server.port}`)
          : await start(`${kind}://root@127.0.0.1:${server.port}/x?ssl-mode=verify-ca`);
      await until(async () => {
        await ask(running);
        return server.handshakes() > 1;
      });
      expect(await close(running)).toEqual(WELL);
    },
    30_000,
  );
});
