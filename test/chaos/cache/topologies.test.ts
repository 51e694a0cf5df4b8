import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import {
  EVERYTHING,
  lookUpInFlight,
  neverActiveAfter,
  Processes,
  until,
  untilHeld,
  untilReady,
} from '../../integration/cache/processes.js';
import type { WorkerSettings } from '../../integration/cache/worker-protocol.js';
import {
  type RedisClusterProcesses,
  type RedisProcess,
  startRedis,
  startRedisCluster,
  startSentinel,
} from '../../support/services.js';

const BOUND_SECONDS = 0.4;
const keyPrefix = 'cache:';

let processes: Processes;

beforeAll(async () => {
  processes = await Processes.prepare();
});

afterEach(() => processes.stopAll());

afterAll(() => processes.remove());

describe('a Redis Cluster', () => {
  let nodes: RedisClusterProcesses;
  let cluster: Cluster;
  let settings: WorkerSettings;

  beforeAll(async () => {
    nodes = await startRedisCluster();
    cluster = new Cluster([...nodes.startupNodes]);
    const clusterNodes = nodes.startupNodes;
    settings = { redis: { clusterNodes }, keyPrefix, revocationBoundSeconds: BOUND_SECONDS };
  }, 60_000);

  afterAll(async () => {
    cluster.disconnect();
    await nodes.stop();
  });

  async function twoProcesses() {
    const first = await processes.start(settings);
    const second = await processes.start(settings);
    await untilReady(processes, cluster, keyPrefix, first, second);
    return { first, second };
  }

  test('a token that one process looked up is read by another, wherever its key lies', async () => {
    const { first, second } = await twoProcesses();
    for (let count = 0; count < 12; count += 1) {
      const { key } = processes.issue({ userId: 'alice' });
      await first.ask(key);
      await until('it lies in Redis', async () =>
        (await cluster.hvals(`${keyPrefix}token:${key}`)).some((value) => !value.startsWith('?')),
      );
      expect(await second.ask(key)).toEqual({ status: 'active', source: 'redis', userId: 'alice' });
    }
  });

  test('a revocation holds within the bound, of one token, of a user with tokens on every node, and of everything', async () => {
    const { first, second } = await twoProcesses();
    const { key } = processes.issue();
    await untilHeld(key, first, second);
    expect(await processes.revoke(key, first)).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);

    const keys = Array.from({ length: 30 }, () => processes.issue({ userId: 'bob' }).key);
    for (const each of keys) await untilHeld(each, second);
    for (const each of keys) processes.tokens.delete(each);
    expect(await first.invalidate({ kind: 'user', userId: 'bob' }, [])).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, keys[0] as string, first, second);
    for (const each of keys) expect((await second.ask(each)).status).toBe('invalid');

    const others = Array.from({ length: 30 }, () => processes.issue().key);
    for (const each of others) await untilHeld(each, second);
    processes.tokens.clear();
    expect(await first.invalidate(EVERYTHING, [])).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, others[0] as string, first, second);
    for (const each of others) expect((await second.ask(each)).status).toBe('invalid');
  });

  test('a revocation holds within the bound with the notification channel cut', async () => {
    const { first, second } = await twoProcesses();
    const { key } = processes.issue();
    await untilHeld(key, first, second);
    processes.tokens.delete(key);
    const cut = cluster.nodes('master').map((node) => node.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    expect(await first.invalidate({ kind: 'token', key }, [key])).toBeUndefined();
    await Promise.all(cut);
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    const other = processes.issue().key;
    await untilHeld(other, first, second);
  });

  test('a look-up that a revocation overtakes is not stored', async () => {
    const { first, second } = await twoProcesses();
    const { key } = processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    expect(await processes.revoke(key, first)).toBeUndefined();
    await second.openGate();
    await answer;
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect(await cluster.exists(`${keyPrefix}token:${key}`)).toBe(0);
  });

  test('the slot that messages go through moves to another node: the channel follows it', async () => {
    const { first, second } = await twoProcesses();
    const slot = Number(await cluster.cluster('KEYSLOT', `${keyPrefix}token-invalidations`));
    const owner = cluster.slots[slot]?.[0];
    const target = cluster.nodes('master').find(({ options }) => `${options.host}:${options.port}` !== owner) as Redis;
    const id = String(await target.cluster('MYID'));
    for (const node of cluster.nodes('master')) await node.cluster('SETSLOT', slot, 'NODE', id);
    const { key } = processes.issue();
    await untilHeld(key, first, second);
    await until('nobody listens where nothing is published any more', async () => {
      const listening = await Promise.all(
        cluster.nodes('master').map(async (node) => ({
          isTarget: node === target,
          count: Number((await node.pubsub('NUMSUB', `${keyPrefix}token-invalidations`))[1]),
        })),
      );
      return listening.every(({ isTarget, count }) => count === (isTarget ? 2 : 0));
    });
    await untilHeld(key, first, second);
    expect(await processes.revoke(key, first)).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });
});

describe('a Redis Cluster that lost a node', () => {
  test('is not told of everything before the node is back, and until then no valid token is refused', async () => {
    const nodes = await startRedisCluster();
    const cluster = new Cluster([...nodes.startupNodes]);
    cluster.on('error', () => {});
    try {
      const clusterNodes = nodes.startupNodes;
      const settings = { redis: { clusterNodes }, keyPrefix, revocationBoundSeconds: BOUND_SECONDS };
      const first = await processes.start(settings);
      await untilReady(processes, cluster, keyPrefix, first);
      const lost = nodes.nodes[1] as RedisProcess;
      await lost.kill();
      expect(await first.invalidate(EVERYTHING, [])).toBe('TemporarilyUnavailableError');
      const good = processes.issue().key;
      expect((await first.ask(good)).status).toBe('active');
      await lost.restart();
      await until('everything can be invalidated', async () => (await first.invalidate(EVERYTHING, [])) === undefined);
      await untilReady(processes, cluster, keyPrefix, first);
    } finally {
      cluster.disconnect();
      await processes.stopAll();
      await nodes.stop();
    }
  }, 60_000);
});

describe('Redis with Sentinel', () => {
  let master: RedisProcess;
  let replica: RedisProcess;
  let sentinel: RedisProcess;
  let settings: WorkerSettings;

  beforeEach(async () => {
    master = await startRedis();
    replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port)]);
    sentinel = await startSentinel({ name: 'main', port: master.port });
    settings = {
      redis: { options: { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'main' } },
      keyPrefix,
      revocationBoundSeconds: BOUND_SECONDS,
    };
    await withClient(sentinel, (client) =>
      until('Sentinel knows the replica', async () =>
        String(await client.call('SENTINEL', 'REPLICAS', 'main')).includes(String(replica.port)),
      ),
    );
    await withClient(replica, (client) =>
      until('the replica follows', async () => (await client.info('replication')).includes('master_link_status:up')),
    );
  });

  afterEach(async () => {
    await processes.stopAll();
    await Promise.all([sentinel, replica, master].map((each) => each.stop()));
  });

  async function withClient<Result>(server: RedisProcess, use: (client: Redis) => Promise<Result>): Promise<Result> {
    const client = new Redis(server.url);
    client.on('error', () => {});
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  }

  async function isPromoted(): Promise<boolean> {
    return withClient(replica, async (client) => (await client.info('replication')).includes('role:master'));
  }

  test('a failover is followed, and a revocation holds within the bound before, meanwhile and after', async () => {
    const first = await processes.start(settings);
    const second = await processes.start(settings);
    await withClient(master, (client) => untilReady(processes, client, keyPrefix, first, second));
    const [before, meanwhile] = [processes.issue().key, processes.issue().key];
    for (const key of [before, meanwhile]) await untilHeld(key, first, second);
    expect(await processes.revoke(before, first)).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, before, first, second);

    await withClient(sentinel, (client) => client.call('SENTINEL', 'FAILOVER', 'main'));
    await processes.revoke(meanwhile, first);
    await until('the replica is the master', isPromoted);
    await withClient(replica, (client) => untilReady(processes, client, keyPrefix, first, second));
    await neverActiveAfter(BOUND_SECONDS, meanwhile, first, second);

    const after = processes.issue().key;
    await untilHeld(after, first, second);
    expect(await processes.revoke(after, first)).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, after, first, second);
  });

  test('a replica that missed an invalidation brings nothing back when it is promoted', async () => {
    const first = await processes.start(settings);
    const second = await processes.start(settings);
    const { key } = processes.issue({ userId: 'alice' });
    await withClient(master, (client) => untilReady(processes, client, keyPrefix, first, second));
    await first.ask(key);
    await withClient(replica, (client) =>
      until('the replica has the entry', async () =>
        (await client.hvals(`${keyPrefix}token:${key}`)).some((value) => !value.startsWith('?')),
      ),
    );
    // The replica loses its link and is not let in again; connections that are open stay.
    await withClient(master, async (client) => {
      await client.config('SET', 'requirepass', 'unknown');
      await client.call('CLIENT', 'KILL', 'TYPE', 'replica');
    });
    expect(await processes.revoke(key, first)).toBeUndefined();
    await master.kill();
    await until('the replica is the master', isPromoted);
    const left = await withClient(replica, (client) => client.exists(`${keyPrefix}token:${key}`));
    expect(left).toBe(1);
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    await withClient(replica, (client) => untilReady(processes, client, keyPrefix, first, second));
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });
});
