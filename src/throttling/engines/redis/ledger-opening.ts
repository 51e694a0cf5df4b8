import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../../core/clock.js';
import type { Logger } from '../../../core/logger.js';
import { firstConnection, isCluster } from './connection.js';
import { OPEN_ANSWER, OPEN_ARGUMENTS } from './protocol.js';
import { appendRow } from './rows.js';
import type { NamedScript, ScriptCalls } from './script-calls.js';
import { serverRun } from './server-run.js';

export interface LedgerOpeningOptions {
  readonly client: Redis | Cluster;
  readonly calls: ScriptCalls;
  readonly script: NamedScript;
  /** The key of the marker. */
  readonly marker: string;
  /** Whether windows that may have been open during a loss of counters become undecided. */
  readonly waitAfterLoss: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Opens the ledger on every new connection: only then may the server be another one, or have lost its data. A Cluster has
 * no marker, because no key is on the same node as all counters; there, opening only calls the listeners.
 */
export class LedgerOpening {
  private readonly options: LedgerOpeningOptions;
  private readonly listeners: (() => void)[] = [];
  /** 0 before the first opening, and always on a Cluster. */
  private generation = 0;
  /** The last generation whose loss was logged. */
  private reportedGeneration = 0;
  private isOpened = false;
  private openingPromise: Promise<void> | undefined;
  private startingPromise: Promise<void> | undefined;

  constructor(options: LedgerOpeningOptions) {
    this.options = options;
    const { client } = options;
    client.on('ready', () => this.reopen().catch(() => {}));
    client.on('close', () => {
      this.isOpened = false;
    });
    this.startingPromise = firstConnection(client)
      .then(() => this.openingPromise)
      .catch(() => {})
      .then(() => {
        this.startingPromise = undefined;
      });
  }

  get opened(): boolean {
    return this.isOpened;
  }

  /** Whether a call can be sent now. */
  get connected(): boolean {
    return this.isOpened && this.options.client.status === 'ready';
  }

  /** Pending while the ledger is being opened; it may reject. */
  get opening(): Promise<void> | undefined {
    return this.openingPromise;
  }

  /** Pending until the first connection is open or its first attempt has failed. */
  get starting(): Promise<void> | undefined {
    return this.startingPromise;
  }

  onOpened(listener: () => void): void {
    this.listeners.push(listener);
  }

  open(): Promise<void> {
    this.openingPromise ??= this.openNow().finally(() => {
      this.openingPromise = undefined;
    });
    return this.openingPromise;
  }

  /** Takes note of the generation in an answer: a newer one means that another process noticed a loss first. */
  heard(generation: number): void {
    if (generation <= this.generation || isCluster(this.options.client)) return;
    this.generation = generation;
    this.reportLoss();
  }

  /** Logs a loss once for each generation, whether the connection or a claim on an unknown window notices it first. */
  reportLoss(): void {
    if (this.reportedGeneration === this.generation) return;
    this.reportedGeneration = this.generation;
    const meaning = this.options.waitAfterLoss
      ? "a window that may have been open is unknown until it must have ended, and requests that need it are decided as while Redis is unavailable (whenLedgerIsLost: 'wait')"
      : "windows start again, so callers may use the limits of open windows a second time (whenLedgerIsLost: 'restart')";
    this.options.logger.error(
      `The throttle's Redis has lost its counters: ${meaning}. Make Redis persist its data (appendonly yes) to avoid this.`,
    );
  }

  /** An opening in progress belongs to the previous connection. */
  private async reopen(): Promise<void> {
    while (this.openingPromise !== undefined) await this.openingPromise.catch(() => {});
    await this.open();
  }

  private async openNow(): Promise<void> {
    const { client, calls, script, marker, waitAfterLoss, clock } = this.options;
    if (!isCluster(client)) {
      const { run, startedAt, durable } = await serverRun(client, clock);
      const parameters: (string | number)[] = [];
      const knownGeneration = this.generation;
      appendRow(parameters, OPEN_ARGUMENTS, { knownGeneration, run, startedAt, durable, waitAfterLoss });
      const answer = await calls.call(script, [marker], parameters);
      this.generation = answer[OPEN_ANSWER.at.generation] ?? 0;
      if (answer[OPEN_ANSWER.at.foundLoss] === 1) this.reportLoss();
    }
    this.isOpened = true;
    for (const listener of this.listeners) listener();
  }
}
