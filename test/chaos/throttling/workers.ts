import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { bundle } from '../../support/bundle.js';
import type { Order, Report, WorkerSettings } from './worker-protocol.js';

type Counts = Extract<Report, { kind: 'counts' }>;

/** When an admission was asked for, and when it was known. */
export interface Admission {
  readonly from: number;
  readonly at: number;
}

/** One process, and what it told of. */
export class Worker {
  readonly admitted: (Admission & { readonly name: string })[] = [];
  readonly process: ChildProcess;
  readonly #reports: Report[] = [];
  #arrived: () => void = () => {};

  constructor(bundle: string, settings: WorkerSettings) {
    this.process = fork(bundle, [JSON.stringify(settings)], { execArgv: [], stdio: 'inherit' });
    this.process.on('message', (report: Report) => {
      if (report.kind === 'admitted') {
        this.admitted.push(report);
        return;
      }
      this.#reports.push(report);
      this.#arrived();
    });
  }

  send(order: Order): void {
    this.process.send(order);
  }

  /** Waits until it tells that. */
  async heard(kind: 'ready' | 'stopped'): Promise<void> {
    await this.#next(kind);
  }

  async counts(): Promise<Counts> {
    this.send({ kind: 'report' });
    return (await this.#next('counts')) as Counts;
  }

  /** Stops driving and waits until every request is answered. */
  async stop(): Promise<void> {
    this.send({ kind: 'stop' });
    await this.heard('stopped');
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exited;
  }

  async close(): Promise<void> {
    const exited = once(this.process, 'exit');
    this.send({ kind: 'close' });
    await exited;
  }

  async #next(kind: Report['kind']): Promise<Report> {
    for (;;) {
      const index = this.#reports.findIndex((report) => report.kind === kind);
      if (index >= 0) return this.#reports.splice(index, 1)[0] as Report;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }
}

/** Compiles the worker and starts processes of it. */
export class Workers {
  readonly all: Worker[] = [];
  readonly #bundle: string;

  private constructor(bundle: string) {
    this.#bundle = bundle;
  }

  static async prepare(): Promise<Workers> {
    return new Workers(await bundle(new URL('worker.ts', import.meta.url), 'throttle-worker'));
  }

  async start(settings: WorkerSettings): Promise<Worker> {
    const worker = new Worker(this.#bundle, settings);
    this.all.push(worker);
    await worker.heard('ready');
    return worker;
  }

  /** What all processes admitted, those that were killed included, by name, in the order in which it was asked for. */
  admitted(): Map<string, Admission[]> {
    const byName = new Map<string, Admission[]>();
    for (const worker of this.all) {
      for (const admission of worker.admitted) {
        const others = byName.get(admission.name);
        if (others === undefined) byName.set(admission.name, [admission]);
        else others.push(admission);
      }
    }
    for (const admissions of byName.values()) admissions.sort((left, right) => left.from - right.from);
    return byName;
  }

  async killAll(): Promise<void> {
    await Promise.all(this.all.splice(0).map((worker) => worker.kill()));
  }

  async remove(): Promise<void> {
    await this.killAll();
    await rm(this.#bundle, { force: true });
  }
}
