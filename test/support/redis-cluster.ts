import { Cluster, Redis } from 'ioredis';
import { type RedisProcess, startRedis } from './services.js';

/** A throw-away Redis Cluster of three masters on this machine. */
export interface RedisClusterProcesses {
  readonly nodes: readonly RedisProcess[];
  /** A client of the host's; the caller closes it. */
  connect(): Cluster;
  stop(): Promise<void>;
}

const SLOTS = 16_384;

/** Starts it and waits until every node says that the cluster is complete. */
export async function startRedisCluster(): Promise<RedisClusterProcesses> {
  const nodes: RedisProcess[] = [];
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    for (let index = 0; index < 3; index++) {
      nodes.push(await startRedis(['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']));
    }
    const clients = nodes.map(({ url }) => new Redis(url));
    try {
      await assignSlots(clients);
      await meet(clients, nodes);
      for (const client of clients) await untilComplete(client);
    } finally {
      for (const client of clients) client.disconnect();
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const addresses = nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  return { nodes, connect: () => new Cluster(addresses), stop };
}

async function assignSlots(clients: readonly Redis[]): Promise<void> {
  const share = Math.ceil(SLOTS / clients.length);
  for (const [index, client] of clients.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', index * share, Math.min(SLOTS, (index + 1) * share) - 1);
    // Two nodes of one epoch cannot agree who owns a slot.
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
}

async function meet(clients: readonly Redis[], nodes: readonly RedisProcess[]): Promise<void> {
  for (const { port } of nodes.slice(1)) await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', port);
}

async function untilComplete(client: Redis): Promise<void> {
  const end = Date.now() + 20_000;
  for (;;) {
    const info = String(await client.call('CLUSTER', 'INFO'));
    if (info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')) return;
    if (Date.now() > end) throw new Error(`The Redis Cluster was not complete in time:\n${info}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
