import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import { sha256Key } from '../../../src/core/digest.js';
import type { Invalidation } from '../../../src/resource-server/cache/index.js';
import { bundle } from '../../support/bundle.js';
import type { Answer, Call, DatabaseCalls, Reply, TokenRow, WorkerCalls, WorkerSettings } from './worker-protocol.js';

/** Calls a worker by the names of `WorkerCalls`. */
export type Worker = {
  [Name in keyof WorkerCalls]: (...parameters: Parameters<WorkerCalls[Name]>) => Promise<ReturnType<WorkerCalls[Name]>>;
} & { readonly process: ChildProcess };

/** Several processes with a token cache, and the database that they have in common. */
export class Processes {
  readonly tokens = new Map<string, TokenRow>();
  readonly inactiveUsers = new Set<string>();
  readonly #children: ChildProcess[] = [];
  readonly #bundle: string;

  private constructor(bundle: string) {
    this.#bundle = bundle;
  }

  /** Compiles the worker; where the packages that it needs can be found from. */
  static async prepare(): Promise<Processes> {
    return new Processes(await bundle(new URL('worker.ts', import.meta.url), 'cache-worker'));
  }

  /** Puts a good token into the database. */
  issue(row: Partial<TokenRow> = {}): { token: string; key: string } {
    const token = `secret-${randomBytes(16).toString('hex')}`;
    const key = sha256Key(token);
    this.tokens.set(key, { key, expiresAtMilliseconds: Date.now() + 3_600_000, ...row });
    return { token, key };
  }

  /** Revokes a token in the database, and tells the caches through one process; what that failed with, if it did. */
  async revoke(key: string, through: Worker): Promise<string | undefined> {
    this.tokens.delete(key);
    return through.invalidate({ kind: 'token', key }, [key]);
  }

  async start(settings: WorkerSettings): Promise<Worker> {
    const child = fork(this.#bundle, [JSON.stringify(settings)], { execArgv: [], stdio: 'inherit' });
    this.#children.push(child);
    await once(child, 'spawn');
    return worker(child, {
      readToken: (key) => this.tokens.get(key) ?? null,
      readUser: (id) => (this.inactiveUsers.has(id) ? null : { id }),
    });
  }

  /** Ends the processes. */
  async stopAll(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    this.tokens.clear();
    this.inactiveUsers.clear();
  }

  async remove(): Promise<void> {
    await this.stopAll();
    await rm(this.#bundle, { force: true });
  }
}

function worker(child: ChildProcess, database: DatabaseCalls): Worker {
  const pending = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let calls = 0;
  child.on('message', (message: Call | Reply) => {
    if ('call' in message) {
      const read = database[message.name as keyof DatabaseCalls] as (...all: unknown[]) => unknown;
      child.send({ reply: message.call, result: read(...message.parameters) } satisfies Reply);
      return;
    }
    const waiter = pending.get(message.reply);
    pending.delete(message.reply);
    if (message.error === undefined) waiter?.resolve(message.result);
    else waiter?.reject(new Error(message.error));
  });
  const call = (name: string, parameters: readonly unknown[]) =>
    new Promise((resolve, reject) => {
      calls += 1;
      pending.set(calls, { resolve, reject });
      child.send({ call: calls, name, parameters } satisfies Call);
    });
  return new Proxy({ process: child } as Worker, {
    get(target, name) {
      if (name === 'process' || name === 'then' || typeof name === 'symbol') return Reflect.get(target, name);
      return (...parameters: unknown[]) => call(name, parameters);
    },
  });
}

/** Waits until something is so; fails after a time that nothing here should take. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await pause(20);
  }
}

/**
 * Waits until processes work with both levels: what one of them looks up now comes to lie in Redis, and is trusted in
 * its memory.
 */
export async function untilReady(
  processes: Processes,
  redis: Redis | Cluster,
  keyPrefix: string,
  ...workers: Worker[]
): Promise<void> {
  for (const each of workers) {
    await until('a process works with both levels', async () => {
      const { key } = processes.issue();
      await each.ask(key);
      await pause(20);
      // After a failure the test's own client may need some tries to find its way, too.
      const values = await redis.hvals(`${keyPrefix}token:${key}`).catch((): string[] => []);
      return values.some((value) => !value.startsWith('?')) && (await each.ask(key)).source === 'memory';
    });
  }
}

/** Waits until a process answers for a good token from its memory, so that its notification channel is proven. */
export async function untilHeld(key: string, ...workers: Worker[]): Promise<void> {
  for (const each of workers) {
    await until('the token is held in memory', async () => {
      const answer = await each.ask(key);
      if (answer.status !== 'active') throw new Error(`the token is ${answer.status}`);
      return answer.source === 'memory';
    });
  }
}

/**
 * The guarantee: waits for the bound, and a little more for the question to travel; from then on no answer may be
 * `active`, for as long again.
 */
export async function neverActiveAfter(boundSeconds: number, key: string, ...workers: Worker[]): Promise<Answer[]> {
  await pause(boundSeconds * 1000 + 100);
  const answers: Answer[] = [];
  const end = Date.now() + boundSeconds * 1000;
  while (Date.now() < end) {
    for (const each of workers) answers.push(await each.ask(key));
    await pause(30);
  }
  const admitted = answers.filter(({ status }) => status === 'active');
  if (admitted.length > 0) {
    throw new Error(`admitted ${admitted.length} of ${answers.length} times, first from ${admitted[0]?.source}`);
  }
  return answers;
}

/** A look-up that has read the database and waits at the gate. */
export async function lookUpInFlight(worker: Worker, key: string): Promise<{ readonly answer: Promise<Answer> }> {
  await worker.closeGate(key);
  const waiting = await worker.waiting();
  const answer = worker.ask(key);
  await until('the look-up waits', async () => (await worker.waiting()) > waiting);
  return { answer };
}

export const EVERYTHING: Invalidation = { kind: 'everything' };
