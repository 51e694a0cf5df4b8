import { setTimeout as pause } from 'node:timers/promises';

/** Between two beats. */
const PAUSE_MILLISECONDS = 50;

/**
 * How late everything is that happens at a process, whatever becomes of the servers that it depends on: something that needs
 * only the two processes that talk to each other is asked for again and again, and what it takes is added up. On a machine
 * that has too much to do, a request may be longer by as much than what limits it.
 */
export class Pulse {
  #late = 0;
  /** When the present beat would be over if it took no time. */
  #due = Number.POSITIVE_INFINITY;
  #beating: Promise<void> | undefined;
  #stopped = false;

  /** All in all. It only grows, so that the difference between two moments is what was late between them. */
  get lateMilliseconds(): number {
    return this.#late + Math.max(0, performance.now() - this.#due);
  }

  /** Beats until it is stopped. */
  start(beat: () => Promise<unknown>): void {
    this.#stopped = false;
    this.#beating = this.#run(beat);
  }

  /** Resolves when the last beat is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#beating;
  }

  async #run(beat: () => Promise<unknown>): Promise<void> {
    while (!this.#stopped) {
      // From here on, so that a timer that is late counts too.
      this.#due = performance.now() + PAUSE_MILLISECONDS;
      await pause(PAUSE_MILLISECONDS);
      await beat();
      this.#late = this.lateMilliseconds;
      this.#due = Number.POSITIVE_INFINITY;
    }
  }
}
