import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type RedisProcess, startRedis, startServer } from './redis-process.js';

/**
 * Starts a throw-away Sentinel that watches one master.
 *
 * @param master its port on 127.0.0.1 and the name it goes by
 * @param quorum how many Sentinels must agree that the master is down
 * @param more further parameters, for its port
 */
export async function startSentinel(
  master: { name: string; port: number },
  quorum = 1,
  more: (port: number) => string[] = () => [],
): Promise<RedisProcess> {
  const { name, port: masterPort } = master;
  return startServer((port) => ['sentinel.conf', '--sentinel', '--port', `${port}`, ...more(port)], {
    'sentinel.conf': [
      `sentinel monitor ${name} 127.0.0.1 ${masterPort} ${quorum}`,
      `sentinel down-after-milliseconds ${name} 500`,
      `sentinel failover-timeout ${name} 2000`,
      '',
    ].join('\n'),
  });
}

/** A throw-away Redis Cluster of masters. */
export interface RedisClusterProcesses {
  readonly nodes: readonly RedisProcess[];
  /** As ioredis takes them. */
  readonly startupNodes: readonly { readonly host: string; readonly port: number }[];
  stop(): Promise<void>;
}

const SLOTS = 16_384;

const CLUSTER_PARAMETERS = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];

/**
 * Starts a Redis Cluster and waits until every node sees it as complete.
 *
 * @param start starts one of its servers
 * @param portOf the port by which the nodes and their clients know a server
 */
export async function startRedisCluster(
  masters = 3,
  start: (parameters: readonly string[]) => Promise<RedisProcess> = startRedis,
  portOf = ({ port }: RedisProcess) => port,
): Promise<RedisClusterProcesses> {
  const nodes = await Promise.all(Array.from({ length: masters }, () => start(CLUSTER_PARAMETERS)));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  const clients = nodes.map((node) => new Redis(node.url));
  try {
    await Promise.all(
      clients.map(async (client, index) => {
        const first = Math.floor((SLOTS * index) / masters);
        const last = Math.floor((SLOTS * (index + 1)) / masters) - 1;
        // Nodes that claim the same epoch quarrel about it for a while when they meet.
        await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
        await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
      }),
    );
    for (const node of nodes.slice(1)) await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', portOf(node));
    const end = Date.now() + 30_000;
    while (!(await Promise.all(clients.map((client) => isComplete(client, masters)))).every(Boolean)) {
      if (Date.now() > end) throw new Error('The Redis Cluster did not come together within 30 seconds.');
      await pause(50);
    }
  } catch (error) {
    await stop();
    throw error;
  } finally {
    for (const client of clients) client.disconnect();
  }
  return { nodes, startupNodes: nodes.map((node) => ({ host: '127.0.0.1', port: portOf(node) })), stop };
}

async function isComplete(client: Redis, masters: number): Promise<boolean> {
  const info = String(await client.call('CLUSTER', 'INFO'));
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${masters}\r`);
}
