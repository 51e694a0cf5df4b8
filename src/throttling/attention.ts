/** In how many turns of the event loop a deadline is counted. */
const TURNS_PER_DEADLINE = 10;

/** Somebody who waits for an answer. */
export interface Waiting {
  /** The turn in which the deadline is over; set by `Attention.wait`. */
  untilTurn: number;
  /** Called once, when the deadline is over. */
  overdue(): void;
}

/**
 * Counts the time in which this process could have read an answer, so that its own lateness is never taken for the
 * store's.
 *
 * Time is counted in turns of the event loop, a tenth of the deadline each: after the timer of a turn has fired, what
 * has arrived is read, and only then the turn counts. A process that stands still for a second counts one turn, not ten.
 * So a caller waits for ten turns: the deadline in a process that keeps up, ten of its own rounds in one that does not.
 */
export class Attention {
  readonly turnMilliseconds: number;
  /** How many turns a caller waits for at least. */
  readonly patienceTurns = TURNS_PER_DEADLINE;
  readonly #onTurn: () => void;
  readonly #waiting = new Set<Waiting>();
  #turns = 0;
  #counting = false;

  /** @param onTurn called after each turn that was counted */
  constructor(deadlineMilliseconds: number, onTurn: () => void) {
    this.turnMilliseconds = deadlineMilliseconds / TURNS_PER_DEADLINE;
    this.#onTurn = onTurn;
  }

  /** The turns that were counted; none while nobody waits. */
  get turns(): number {
    return this.#turns;
  }

  wait(waiting: Waiting, deadlineMilliseconds: number): void {
    // The turn that is under way has begun earlier.
    waiting.untilTurn = this.#turns + Math.ceil(deadlineMilliseconds / this.turnMilliseconds) + 1;
    this.#waiting.add(waiting);
    if (this.#counting) return;
    this.#counting = true;
    setTimeout(this.#fired, this.turnMilliseconds);
  }

  /** @returns whether it was still waited for */
  answered(waiting: Waiting): boolean {
    return this.#waiting.delete(waiting);
  }

  readonly #fired = () => {
    // After this turn's input has been read.
    setImmediate(this.#count);
  };

  readonly #count = () => {
    this.#turns++;
    this.#onTurn();
    for (const waiting of this.#waiting) {
      if (waiting.untilTurn > this.#turns) continue;
      this.#waiting.delete(waiting);
      waiting.overdue();
    }
    this.#counting = this.#waiting.size > 0;
    if (this.#counting) setTimeout(this.#fired, this.turnMilliseconds);
  };
}
