import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { DelayingProxy } from '../../support/delaying-proxy.js';
import { type RedisProcess, startRedis, startSentinel } from '../../support/services.js';
import type { ServerSettings } from './protocol.js';

const PERSISTENT = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
const MASTER = 'main';

/** The Redis of a stand: one that keeps its data, behind a proxy, and a replica of it. */
export class ChaosRedis {
  private constructor(
    readonly server: RedisProcess,
    readonly replica: RedisProcess,
    readonly proxy: DelayingProxy,
    private readonly sentinel: RedisProcess | undefined,
  ) {}

  static async start({ withSentinel = false } = {}): Promise<ChaosRedis> {
    const server = await startRedis(PERSISTENT);
    const replica = await startRedis(['--replicaof', '127.0.0.1', `${server.port}`]);
    const sentinel = withSentinel ? await startSentinel({ name: MASTER, port: server.port }) : undefined;
    const redis = new ChaosRedis(server, replica, await DelayingProxy.start(server.port), sentinel);
    await until(async () => (await command(replica, 'INFO', 'replication')).includes('master_link_status:up'));
    if (sentinel !== undefined) {
      await until(async () => (await command(sentinel, 'SENTINEL', 'REPLICAS', MASTER)).includes(`${replica.port}`));
    }
    return redis;
  }

  get settings(): ServerSettings['redis'] {
    if (this.sentinel !== undefined) return { sentinelPort: this.sentinel.port, name: MASTER };
    return `redis://127.0.0.1:${this.proxy.port}`;
  }

  command(...words: [string, ...string[]]): Promise<string> {
    return command(this.server, ...words);
  }

  /** Ends it, so that it starts again without anything. */
  async killForGood(): Promise<void> {
    const folder = (await this.command('CONFIG', 'GET', 'dir')).split(',').at(-1) as string;
    await this.server.kill();
    for (const file of ['appendonlydir', 'dump.rdb']) await rm(join(folder, file), { recursive: true, force: true });
  }

  /**
   * Makes the replica the master and this server its replica, as a failover does that the application is not told of.
   * Nothing is lost by it: before, this server takes no more writes, and the replica gets the ones that it took.
   */
  async demote(): Promise<void> {
    await this.command('CONFIG', 'SET', 'min-replicas-to-write', '2');
    const sent = offsetIn(await this.command('INFO', 'replication'));
    await until(async () => {
      const state = await command(this.replica, 'INFO', 'replication');
      return state.includes('master_link_status:up') && offsetIn(state) >= sent;
    });
    await command(this.replica, 'REPLICAOF', 'NO', 'ONE');
    await this.command('REPLICAOF', '127.0.0.1', `${this.replica.port}`);
    await this.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
  }

  async promote(): Promise<void> {
    await this.command('REPLICAOF', 'NO', 'ONE');
    await command(this.replica, 'REPLICAOF', '127.0.0.1', `${this.server.port}`);
  }

  /** Which of the two Sentinel has made the master. */
  async master(): Promise<RedisProcess> {
    const address = await command(this.sentinel as RedisProcess, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER);
    return address.endsWith(`,${this.replica.port}`) ? this.replica : this.server;
  }

  async failOver(): Promise<void> {
    const before = await this.master();
    await command(this.sentinel as RedisProcess, 'SENTINEL', 'FAILOVER', MASTER);
    await this.untilReplaced(before);
  }

  private async untilReplaced(before: RedisProcess): Promise<void> {
    await until(async () => {
      const now = await this.master();
      return now !== before && (await command(now, 'INFO', 'replication')).includes('role:master');
    });
  }

  /** Kills the master, once the other server is its replica, and waits until Sentinel has replaced it. */
  async killMaster(): Promise<void> {
    const master = await this.master();
    const other = master === this.server ? this.replica : this.server;
    await until(async () => {
      const state = await command(other, 'INFO', 'replication');
      return state.includes('role:slave') && state.includes('master_link_status:up');
    });
    await master.kill();
    await this.untilReplaced(master);
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    for (const one of [this.sentinel, this.replica, this.server]) await one?.stop();
  }
}

async function command(server: RedisProcess, ...[name, ...parameters]: [string, ...string[]]): Promise<string> {
  const client = new Redis(server.url, { maxRetriesPerRequest: 20 });
  client.on('error', () => {});
  try {
    return String(await client.call(name, ...parameters));
  } finally {
    client.disconnect();
  }
}

/** How much of the stream of writes a master has sent, or a replica has received. */
function offsetIn(state: string): number {
  return Number(/^(?:master|slave)_repl_offset:(\d+)/m.exec(state)?.[1]);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('The servers of Redis did not come together within a minute.');
    await pause(50);
  }
}
