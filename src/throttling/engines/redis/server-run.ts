import type { Redis } from 'ioredis';
import type { Clock } from '../../../core/clock.js';

/** Describes a run of the server, from which it follows whether it still has its counters. */
export interface ServerRun {
  /** Identifies the run: different after each start; empty if unknown. */
  readonly run: string;
  /** When the run began, in milliseconds by the server's clock. */
  readonly startedAt: number;
  /** Whether the server keeps its data through a restart. */
  readonly durable: boolean;
}

/** Asks a server about its run. */
export async function serverRun(client: Redis, clock: Clock): Promise<ServerRun> {
  const read = (text: string, field: string) => new RegExp(`^${field}:(\\S+)`, 'm').exec(text)?.[1];
  try {
    const [server, persistence] = await Promise.all([client.info('server'), client.info('persistence')]);
    const uptimeSeconds = Number(read(server, 'uptime_in_seconds') ?? 0);
    const serverNow = Number(read(server, 'server_time_usec') ?? 0) / 1000 || clock.nowMilliseconds();
    return {
      run: read(server, 'run_id') ?? '',
      startedAt: Math.round(serverNow - uptimeSeconds * 1000),
      durable: read(persistence, 'aof_enabled') === '1',
    };
  } catch (error) {
    // Without the permission to ask (an ACL), only a missing marker indicates a loss.
    if (!String(error).includes('NOPERM')) throw error;
    return { run: '', startedAt: 0, durable: true };
  }
}
