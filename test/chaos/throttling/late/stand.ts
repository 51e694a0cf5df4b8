import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { DelayingProxy } from '../../../support/delaying-proxy.js';
import { type FreshDatabase, freshDatabase, freshKeyPrefix, type RedisProcess } from '../../../support/services.js';
import type { Order, Report, ServerSettings } from './protocol.js';

/** How a request was answered, and how long that took. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly milliseconds: number;
}

export type Counts = Readonly<Record<'200' | '429' | '503' | 'other', number>>;

export function countsOf(answers: readonly Answer[]): Counts {
  const counts = { '200': 0, '429': 0, '503': 0, other: 0 };
  for (const { status } of answers) counts[status in counts ? (`${status}` as keyof Counts) : 'other']++;
  return counts;
}

/** Processes that serve a throttled action, and a proxy between them and their Redis. */
export class Stand {
  readonly proxy: DelayingProxy;
  readonly log: string[] = [];
  readonly #children: ChildProcess[] = [];
  readonly #urls: string[] = [];
  readonly #database: FreshDatabase;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  #turn = 0;

  private constructor(proxy: DelayingProxy, database: FreshDatabase) {
    this.proxy = proxy;
    this.#database = database;
  }

  static async start(
    program: string,
    redis: RedisProcess,
    settings: Omit<ServerSettings, 'redis' | 'keyPrefix' | 'database'>,
    { processes = 1, delayMilliseconds = 0 } = {},
  ): Promise<Stand> {
    const proxy = await DelayingProxy.start(redis.port);
    proxy.delay(delayMilliseconds);
    const stand = new Stand(proxy, await freshDatabase('sqlite'));
    const keyPrefix = freshKeyPrefix();
    for (let index = 0; index < processes; index++) {
      await stand.#start(program, {
        ...settings,
        ...{ redis: `redis://127.0.0.1:${proxy.port}`, keyPrefix, database: stand.#database.url },
      });
    }
    return stand;
  }

  /** Tokens that nobody has presented yet. */
  async tokens(count: number): Promise<string[]> {
    const [child] = this.#children as [ChildProcess];
    child.send({ kind: 'issue', count } satisfies Order);
    for (;;) {
      const [report] = (await once(child, 'message')) as [Report];
      if (report.kind === 'issued') return [...report.tokens];
    }
  }

  /** One request; the processes take turns. */
  ask(token: string): Promise<Answer> {
    const url = this.#urls[this.#turn++ % this.#urls.length] as string;
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const asked = request(url, { agent: this.#agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
        const { statusCode = 0, headers } = response;
        response.resume().on('end', () => {
          const milliseconds = performance.now() - began;
          resolve({ status: statusCode, retryAfter: headers['retry-after'], milliseconds });
        });
      });
      asked.on('error', reject).end();
    });
  }

  /** All of them, so many at once. */
  async askAll(tokens: readonly string[], atOnce: number): Promise<Answer[]> {
    const answers: Answer[] = [];
    const left = [...tokens];
    const next = async (): Promise<void> => {
      for (let token = left.shift(); token !== undefined; token = left.shift()) answers.push(await this.ask(token));
    };
    await Promise.all(Array.from({ length: atOnce }, next));
    return answers;
  }

  async stop(): Promise<void> {
    this.proxy.thaw();
    for (const child of this.#children) {
      if (child.exitCode !== null) continue;
      const exited = once(child, 'exit');
      child.send({ kind: 'close' } satisfies Order);
      const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(impatience);
    }
    this.#agent.destroy();
    await this.proxy.stop();
    await this.#database.drop();
  }

  async #start(program: string, settings: ServerSettings): Promise<void> {
    const child = fork(program, [JSON.stringify(settings)], { execArgv: [], stdio: 'inherit' });
    this.#children.push(child);
    child.setMaxListeners(0);
    const url = new Promise<string>((resolve, reject) => {
      child.on('message', (report: Report) => {
        if (report.kind === 'listening') resolve(report.url);
        if (report.kind === 'log') this.log.push(report.line);
      });
      child.once('exit', () => reject(new Error('The server ended before it listened.')));
    });
    this.#urls.push(await url);
  }
}
