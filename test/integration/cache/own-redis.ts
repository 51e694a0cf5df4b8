import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisProcess, startRedis } from '../../support/services.js';
import { neverActiveAfter, Processes, untilHeld, untilReady, type Worker } from './processes.js';
import { SilencingProxy } from './silencing-proxy.js';
import type { WorkerSettings } from './worker-protocol.js';

export const BOUND_SECONDS = 0.4;

/** A throw-away Redis for each test, and processes that share their tokens through it. */
class OwnRedis {
  readonly keyPrefix = 'cache:';
  processes!: Processes;
  server!: RedisProcess;
  redis!: Redis;
  #proxy: SilencingProxy | undefined;

  async open(): Promise<void> {
    this.server = await startRedis();
    this.connect();
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    await this.processes.stopAll();
    await this.#proxy?.stop();
    this.#proxy = undefined;
    await this.server.stop();
  }

  /** Connects the test itself; again after a restart. */
  connect(): void {
    this.redis = new Redis(this.server.url);
    this.redis.on('error', () => {});
  }

  async startProxy(): Promise<SilencingProxy> {
    this.#proxy = await SilencingProxy.start(this.server.port);
    return this.#proxy;
  }

  start(settings: Partial<WorkerSettings> = {}): Promise<Worker> {
    return this.processes.start({
      redis: { url: this.server.url },
      keyPrefix: this.keyPrefix,
      revocationBoundSeconds: BOUND_SECONDS,
      ...settings,
    });
  }

  /** Two processes that are ready; the second with settings of its own. */
  async twoProcesses(second: Partial<WorkerSettings> = {}): Promise<[Worker, Worker]> {
    const workers: [Worker, Worker] = [await this.start(), await this.start(second)];
    await this.untilReady(...workers);
    return workers;
  }

  untilReady(...workers: Worker[]): Promise<void> {
    return untilReady(this.processes, this.redis, this.keyPrefix, ...workers);
  }

  redisKey(key: string): string {
    return `${this.keyPrefix}token:${key}`;
  }

  /** What lies under a token's key: values, not tickets. */
  async valuesOf(key: string): Promise<string[]> {
    return (await this.redis.hvals(this.redisKey(key))).filter((value) => !value.startsWith('?'));
  }

  /** That the second process trusts its memory, and that a revocation reaches it: all is as it was before. */
  async worksAgain(first: Worker, second: Worker): Promise<void> {
    await this.untilReady(first, second);
    const { key } = this.processes.issue();
    await untilHeld(key, first, second);
    expect(await this.processes.revoke(key, first)).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  }
}

/** Starts and stops all that for the tests of a file. */
export function withOwnRedis(): OwnRedis {
  const own = new OwnRedis();
  beforeAll(async () => {
    own.processes = await Processes.prepare();
  });
  afterAll(() => own.processes.remove());
  beforeEach(() => own.open());
  afterEach(() => own.close());
  return own;
}
