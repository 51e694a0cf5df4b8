import { TemporarilyUnavailableError } from '../core/errors.js';
import type { FailureReservation } from '../core/failure-budget.js';

/** How long a try waits for others to end, in milliseconds. */
const PATIENCE_MILLISECONDS = 5_000;

interface Waiting {
  readonly goOn: () => void;
}

interface Tries {
  count: number;
  readonly waiting: Set<Waiting>;
}

/** The tries of this process in progress, by the key of the budget, and those that wait for one of them to end. */
export class TriesUnderWay {
  private readonly byKey = new Map<string, Tries>();

  /**
   * Registers a try.
   *
   * @param undo gives its reservation back
   */
  begin(key: string, undo: () => void): FailureReservation {
    const tries = this.byKey.get(key) ?? { count: 0, waiting: new Set() };
    tries.count += 1;
    this.byKey.set(key, tries);
    let underWay = true;
    const end = (giveBack: boolean) => {
      if (!underWay) return;
      underWay = false;
      if (giveBack) undo();
      this.end(key, tries);
    };
    return { allowed: true, retryAfterSeconds: 0, release: () => end(true), fail: () => end(false) };
  }

  /** Until when (monotonic) a try that begins now waits at most, however often others are faster. */
  patience(): number {
    return performance.now() + PATIENCE_MILLISECONDS;
  }

  /**
   * Resolves when a try has ended; `undefined` if none is in progress.
   *
   * @param until the result of `patience` when the waiting began
   * @throws TemporarilyUnavailableError (rejects) if none has ended by then
   */
  oneEnds(key: string, until: number): Promise<void> | undefined {
    const tries = this.byKey.get(key);
    if (tries === undefined) return undefined;
    return new Promise((resolve, reject) => {
      const waiting = {
        goOn: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        tries.waiting.delete(waiting);
        reject(new TemporarilyUnavailableError({ part: 'tries', detail: 'too many authentications are in progress' }));
      }, until - performance.now());
      timer.unref();
      tries.waiting.add(waiting);
    });
  }

  private end(key: string, tries: Tries): void {
    tries.count -= 1;
    const last = tries.count === 0;
    if (last) this.byKey.delete(key);
    for (const waiting of tries.waiting) {
      tries.waiting.delete(waiting);
      waiting.goOn();
      // One reservation lets one waiting try continue; when the last try has ended, all of them.
      if (!last) break;
    }
  }
}
