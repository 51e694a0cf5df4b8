import type { Clock } from '../../../core/clock.js';
import type { PublicJwk } from './key-set.js';

/** The source of an issuer's keys. */
export interface KeySource<Keys> {
  /** The keys that may be used now, without I/O. `undefined`: there are none, or they are too old. */
  current(): Keys | undefined;
  /**
   * Fetches the keys again unless that was done recently; resolves when the attempt has ended, successful or not.
   * `undefined` if nothing is fetched.
   */
  refresh(): Promise<void> | undefined;
  /** Whether the last attempt failed, so that the issuer may have keys that are not known here. */
  readonly isDown: boolean;
  /** In how many whole seconds the next attempt is made; at least 1. */
  readonly retryAfterSeconds: number;
  /** Resolves after the first attempt. */
  ready(): Promise<void>;
  close(): void;
}

/** Keys from the options; nothing is fetched. */
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

/** Runs a function later, without keeping the process alive; returns a function that cancels it. */
export type Schedule = (work: () => void, milliseconds: number) => () => void;

const scheduleTimer: Schedule = (work, milliseconds) => {
  const timer = setTimeout(work, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
};

/** What remote keys depend on. */
export interface RemoteKeysDependencies<Keys> {
  /** Fetches the keys; rejects if that fails or its own time limit is exceeded. */
  readonly fetch: () => Promise<readonly PublicJwk[]>;
  /** Prepares the keys for use; called only when they have changed. */
  readonly prepare: (keys: readonly PublicJwk[]) => Keys;
  readonly clock: Clock;
  readonly reloadMilliseconds: number;
  readonly cooldownMilliseconds: number;
  readonly maximumAgeMilliseconds: number;
  /**
   * Called after failures, and after the first success that follows; `hasKeys`: whether tokens can still be verified.
   */
  readonly report: (change: { readonly error: unknown; readonly hasKeys: boolean } | 'recovered') => void;
  readonly schedule?: Schedule;
}

const FIRST_PAUSE_MILLISECONDS = 1_000;
const LONGEST_PAUSE_MILLISECONDS = 60_000;

/**
 * Keys that are fetched from their issuer. They are fetched again in the background long before they are too old, and
 * the present ones stay in use while the issuer is down. After a failure the next attempt follows after one second,
 * then two, four, up to a minute.
 *
 * A token with an unknown key triggers a fetch too, since the issuer may have rotated its keys. However many such
 * tokens arrive, this happens at most once per cooldown, after failures as well as after successes.
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
    // Both clocks are used: a monotonic one may stop while the machine is suspended.
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
    // Concurrent callers share one request.
    this.underWay ??= this.fetch().finally(() => {
      this.underWay = undefined;
      this.endedMonotonic = this.dependencies.clock.monotonicMilliseconds();
      this.scheduleNext();
    });
    return this.underWay;
  }

  private async fetch(): Promise<void> {
    const { fetch, clock, prepare, report } = this.dependencies;
    // The keys are as old as the request for them.
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
