import type { CallerPatience } from './throttle-engine.js';

/** The number of turns of the event loop that make up a deadline. */
const TURNS_PER_DEADLINE = 10;

/** An answer that is awaited until a deadline. */
export interface PendingAnswer {
  /** The turn in which the deadline passes; set by `EventLoopDeadlines.start`. */
  deadlineTurn: number;
  /** Called once, when the deadline passes. */
  overdue(): void;
}

/**
 * Deadlines that count only time in which this process could have read an answer, so that its own delay is not
 * attributed to the store.
 *
 * Time is counted in turns of the event loop, a tenth of the deadline each: after the timer of a turn has fired,
 * pending input is read, and only then does the turn count. A process that is blocked for a second counts one turn, not
 * ten. So a caller waits for ten turns: the deadline in a process that keeps up, and ten rounds of the event loop in
 * one that does not.
 */
export class EventLoopDeadlines implements CallerPatience {
  readonly turnMilliseconds: number;
  /** The least number of turns that a caller waits for. */
  readonly patienceTurns = TURNS_PER_DEADLINE;
  private readonly onTurn: () => void;
  private readonly pending = new Set<PendingAnswer>();
  private turnCount = 0;
  private counting = false;

  /** @param onTurn called after each turn that was counted */
  constructor(deadlineMilliseconds: number, onTurn: () => void) {
    this.turnMilliseconds = deadlineMilliseconds / TURNS_PER_DEADLINE;
    this.onTurn = onTurn;
  }

  /** The turns counted so far; none are counted while nobody waits. */
  get turns(): number {
    return this.turnCount;
  }

  /** Starts the deadline of an answer. */
  start(answer: PendingAnswer, deadlineMilliseconds: number): void {
    // One more, because the current turn began earlier.
    answer.deadlineTurn = this.turnCount + Math.ceil(deadlineMilliseconds / this.turnMilliseconds) + 1;
    this.pending.add(answer);
    if (this.counting) return;
    this.counting = true;
    setTimeout(this.fired, this.turnMilliseconds);
  }

  /** Ends the deadline of an answer. Returns whether it was still pending. */
  end(answer: PendingAnswer): boolean {
    return this.pending.delete(answer);
  }

  private readonly fired = () => {
    // After the input of this turn has been read.
    setImmediate(this.count);
  };

  private readonly count = () => {
    this.turnCount++;
    this.onTurn();
    for (const answer of this.pending) {
      if (answer.deadlineTurn > this.turnCount) continue;
      this.pending.delete(answer);
      answer.overdue();
    }
    this.counting = this.pending.size > 0;
    if (this.counting) setTimeout(this.fired, this.turnMilliseconds);
  };
}
