import { TemporarilyUnavailableError } from './errors.js';

/** When to retry after the queue was full. */
const RETRY_AFTER_SECONDS = 2;

export interface WorkQueueOptions {
  /** How many tasks run at once. */
  readonly atOnce: number;
  /** How many tasks may wait in each of the two queues. */
  readonly waiting: number;
  /** Names the work in errors. */
  readonly part: string;
}

/**
 * Runs expensive tasks, few at once, in the order in which they came. There are two queues, and the one of known
 * callers is served first: strangers can fill only their own.
 */
export class WorkQueue {
  private readonly known: (() => void)[] = [];
  private readonly strangers: (() => void)[] = [];
  private busy = 0;

  constructor(private readonly options: WorkQueueOptions) {}

  /**
   * @param isKnown whether the task goes into the queue of known callers
   * @throws TemporarilyUnavailableError (rejects) if the queue is full
   */
  async run<T>(isKnown: boolean, work: () => Promise<T>): Promise<T> {
    const { atOnce, waiting, part } = this.options;
    if (this.busy === atOnce) {
      const line = isKnown ? this.known : this.strangers;
      if (line.length >= waiting) {
        const detail = `${waiting} wait already`;
        throw new TemporarilyUnavailableError({ part, detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
      }
      await new Promise<void>((resolve) => line.push(resolve));
    } else {
      this.busy += 1;
    }
    try {
      return await work();
    } finally {
      // The slot passes to the task that has waited longest, or becomes free.
      const next = this.known.shift() ?? this.strangers.shift();
      if (next === undefined) this.busy -= 1;
      else next();
    }
  }
}
