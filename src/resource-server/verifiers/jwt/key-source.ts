import type { Clock } from '../../../core/clock.js';
import type { PublicJwk } from './key-set.js';

/** The keys of an issuer, as its verifier asks for them. */
export interface KeySource<Keys> {
  /** The keys that may be used now; no I/O. `undefined`: none are held, or they are too old. */
  current(): Keys | undefined;
  /**
   * Asks the issuer again, unless it was asked lately; resolves when the answer is there, whatever it is. `undefined` if it is not
   * asked.
   */
  refresh(): Promise<void> | undefined;
  /** Whether the issuer could not be asked the last time: what is not known here may be known there. */
  readonly isDown: boolean;
  /** In how many whole seconds it is asked again, at least 1. */
  readonly retryAfterSeconds: number;
  /** Resolves when it was asked once. */
  ready(): Promise<void>;
  close(): void;
}

/** Keys that the options name: there is nobody to ask. */
export function fixedKeys<Keys>(keys: Keys): KeySource<Keys> {
  return {
    current: () => keys,
    refresh: () => undefined,
    isDown: false,
    retryAfterSeconds: 1,
    ready: async () => undefined,
    close: () => undefined,
  };
}

/** Runs something later, without keeping the process alive; the answer takes it back. */
export type Schedule = (work: () => void, milliseconds: number) => () => void;

const scheduleTimer: Schedule = (work, milliseconds) => {
  const timer = setTimeout(work, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
};

/** What keys of an issuer are fetched with. */
export interface RemoteKeysDependencies<Keys> {
  /** Fetches the keys; rejects if they cannot be had, within a time of its own. */
  readonly fetch: () => Promise<readonly PublicJwk[]>;
  /** Makes of keys what is asked for; called only when they differ from those before. */
  readonly prepare: (keys: readonly PublicJwk[]) => Keys;
  readonly clock: Clock;
  readonly reloadMilliseconds: number;
  readonly cooldownMilliseconds: number;
  readonly maximumAgeMilliseconds: number;
  /** Told of failures, and of the first success after them; `hasKeys`: whether tokens can still be verified. */
  readonly report: (change: { readonly error: unknown; readonly hasKeys: boolean } | 'recovered') => void;
  readonly schedule?: Schedule;
}

const FIRST_PAUSE_MILLISECONDS = 1_000;
const LONGEST_PAUSE_MILLISECONDS = 60_000;

/**
 * Keys that are fetched from their issuer. They are fetched anew in the background, long before they are too old, and what is
 * held stays good while the issuer is down. After a failure the next try comes after one second, then two, four, up to a
 * minute.
 *
 * A token with an unknown key lets them be fetched too, for its issuer may have rotated: by such tokens the issuer is asked once
 * per cooldown at most, after failures as after successes, however many of them come.
 */
export class RemoteKeys<Keys> implements KeySource<Keys> {
  private held: { readonly keys: Keys; readonly text: string } | undefined;
  private fetchedMonotonic = 0;
  private fetchedWall = 0;
  private failures = 0;
  private endedMonotonic = Number.NEGATIVE_INFINITY;
  private pauseMilliseconds = 0;
  private underWay: Promise<void> | undefined;
  private unschedule: (() => void) | undefined;
  private isClosed = false;

  constructor(private readonly dependencies: RemoteKeysDependencies<Keys>) {}

  get isDown(): boolean {
    return this.failures > 0;
  }

  get retryAfterSeconds(): number {
    const left = this.endedMonotonic + this.pauseMilliseconds - this.dependencies.clock.monotonicMilliseconds();
    return Number.isFinite(left) ? Math.max(1, Math.ceil(left / 1000)) : 1;
  }

  current(): Keys | undefined {
    const { held } = this;
    if (held === undefined) return undefined;
    const { clock, maximumAgeMilliseconds } = this.dependencies;
    // By both clocks: a monotonic one may stand still while the machine is suspended.
    const age = Math.max(
      clock.monotonicMilliseconds() - this.fetchedMonotonic,
      clock.nowMilliseconds() - this.fetchedWall,
    );
    return age < maximumAgeMilliseconds ? held.keys : undefined;
  }

  refresh(): Promise<void> | undefined {
    if (this.underWay !== undefined || this.isClosed) return this.underWay;
    const { clock, cooldownMilliseconds } = this.dependencies;
    const pause = Math.max(cooldownMilliseconds, this.isDown ? this.pauseMilliseconds : 0);
    return clock.monotonicMilliseconds() - this.endedMonotonic < pause ? undefined : this.attempt();
  }

  async ready(): Promise<void> {
    if (this.endedMonotonic === Number.NEGATIVE_INFINITY) await this.refresh();
  }

  close(): void {
    this.isClosed = true;
    this.unschedule?.();
  }

  /** Never rejects. */
  private attempt(): Promise<void> {
    this.unschedule?.();
    // Whoever asks meanwhile waits for this answer.
    this.underWay ??= this.fetch().finally(() => {
      this.underWay = undefined;
      this.endedMonotonic = this.dependencies.clock.monotonicMilliseconds();
      this.scheduleNext();
    });
    return this.underWay;
  }

  private async fetch(): Promise<void> {
    const { fetch, clock, prepare, report } = this.dependencies;
    // The keys are as old as the question.
    const monotonic = clock.monotonicMilliseconds();
    const wall = clock.nowMilliseconds();
    try {
      const keys = await fetch();
      const text = JSON.stringify(keys);
      if (text !== this.held?.text) this.held = { keys: prepare(keys), text };
      this.fetchedMonotonic = monotonic;
      this.fetchedWall = wall;
      if (this.isDown) report('recovered');
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      report({ error, hasKeys: this.current() !== undefined });
    }
  }

  private scheduleNext(): void {
    if (this.isClosed) return;
    const doubled = FIRST_PAUSE_MILLISECONDS * 2 ** Math.min(this.failures - 1, 10);
    const { reloadMilliseconds, schedule = scheduleTimer } = this.dependencies;
    this.pauseMilliseconds = this.isDown
      ? Math.min(doubled, LONGEST_PAUSE_MILLISECONDS, reloadMilliseconds)
      : reloadMilliseconds;
    this.unschedule = schedule(() => void this.attempt(), this.pauseMilliseconds);
  }
}
