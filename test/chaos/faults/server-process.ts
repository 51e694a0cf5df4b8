import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Order, OrderName, Orders, Report, ServerSettings } from './protocol.js';
import { Pulse } from './pulse.js';

const MOVED_CLOCK = new URL('moved-clock.mjs', import.meta.url);

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** One process that serves the application, on a port of its own. */
export class ServerProcess {
  readonly log: string[] = [];
  /** While a fault is tried, of an action that nothing guards. */
  readonly pulse = new Pulse();
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess;
  #started: Promise<void>;
  #listening: Promise<void>;
  #orders = 0;
  /** Requests that began before this time of the monotonic clock may have found nobody there. */
  upSince = 0;

  private constructor(
    private readonly program: string,
    private readonly settings: ServerSettings,
    first: boolean,
  ) {
    [this.#child, this.#started, this.#listening] = this.#launch(first);
  }

  /** Of several processes, the first has to be told to set everything up before it listens. */
  static start(program: string, settings: ServerSettings, first = false): ServerProcess {
    return new ServerProcess(program, settings, first);
  }

  get url(): string {
    return `http://127.0.0.1:${this.settings.port}`;
  }

  listening(): Promise<void> {
    return this.#listening;
  }

  /** Has it do something; an answer that says that something is away now is asked for again. */
  async order<Name extends OrderName>(
    name: Name,
    ...[argument]: Parameters<Orders[Name]>
  ): Promise<ReturnType<Orders[Name]>> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#order(name, argument);
      } catch (error) {
        if (tries === 10 || !String(error).includes('TemporarilyUnavailableError')) throw error;
        await pause(200);
      }
    }
  }

  async #order<Name extends OrderName>(name: Name, argument: unknown): Promise<ReturnType<Orders[Name]>> {
    await this.#started;
    const id = this.#orders++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.send({ id, name, argument } satisfies Order);
    });
  }

  /** Sets its wall clock off by so much; 0 sets it right. */
  moveClock(milliseconds: number): void {
    this.#child.send({ moveClockMilliseconds: milliseconds });
  }

  async kill(): Promise<void> {
    this.upSince = Number.POSITIVE_INFINITY;
    await end(this.#child);
  }

  async restart(): Promise<void> {
    [this.#child, this.#started, this.#listening] = this.#launch(false);
    await this.#listening;
    this.upSince = performance.now();
  }

  #launch(first: boolean): [ChildProcess, Promise<void>, Promise<void>] {
    const child = fork(this.program, [JSON.stringify(this.settings), first ? 'wait' : 'listen'], {
      execArgv: ['--import', fileURLToPath(MOVED_CLOCK)],
      stdio: 'inherit',
    });
    child.setMaxListeners(0);
    const heard = (kind: Report['kind']) =>
      new Promise<void>((resolve, reject) => {
        child.on('message', (report: Report) => {
          if (report.kind === kind) resolve();
        });
        child.once('exit', () => reject(new Error('The process has ended.')));
      });
    child.on('message', (report: Report) => {
      if (report.kind === 'log') this.log.push(report.line);
      if (report.kind === 'answer') this.#settle(report);
    });
    child.once('exit', () => {
      for (const waiting of this.#waiting.values()) waiting.reject(new Error('The process has ended.'));
      this.#waiting.clear();
    });
    const [started, listening] = [heard('started'), heard('listening')];
    // A process that is killed before is nobody's failure.
    for (const promise of [started, listening]) promise.catch(() => {});
    return [child, started, listening];
  }

  #settle({ id, value, error }: Extract<Report, { kind: 'answer' }>): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
