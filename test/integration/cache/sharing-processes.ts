import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { Redis } from 'ioredis';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { Processes, untilReady, type Worker } from './processes.js';
import type { WorkerSettings } from './worker-protocol.js';

/** How long a process may trust what it has cached, in seconds. */
export const BOUND_SECONDS = 0.4;

/** These are those of the test that runs. */
export let processes: Processes;
export let redis: Redis;
export let keyPrefix: string;
export let settings: WorkerSettings;

/** Gives each test of the file processes of its own, and a part of Redis that they share. */
export function useSharingProcesses(): void {
  beforeAll(async () => {
    processes = await Processes.prepare();
    redis = new Redis(redisUrl());
  });
  afterAll(async () => {
    redis.disconnect();
    await processes.remove();
  });
  beforeEach(() => {
    keyPrefix = freshKeyPrefix();
    settings = { redis: { url: redisUrl() }, keyPrefix, revocationBoundSeconds: BOUND_SECONDS };
  });
  afterEach(async () => {
    await processes.stopAll();
    await removeKeys(redisUrl(), keyPrefix);
  });
}

/** The key of Redis under which a token lies. */
export const redisKey = (key: string) => `${keyPrefix}token:${key}`;

/** What lies under a token's key: values, not tickets. */
export async function valuesOf(key: string): Promise<string[]> {
  return (await redis.hvals(redisKey(key))).filter((value) => !value.startsWith('?'));
}

/** Two processes that share what they look up. */
export async function twoProcesses(): Promise<[Worker, Worker]> {
  const workers = await Promise.all([processes.start(settings), processes.start(settings)]);
  await untilReady(processes, redis, keyPrefix, ...workers);
  return workers as [Worker, Worker];
}
