import type { AccessOutcome } from './outcomes.js';

/** The kinds of I/O that are traced. */
export type TracedOperation =
  /** A token that was not in the memory of the process: everything until the answer is there. */
  'token.look_up' | 'redis.read' | 'database.read' | 'introspection.request' | 'keys.fetch' | 'throttle.decide';

/** What a guard decided, for the span of the request. */
export interface TracedDecision {
  readonly outcome: AccessOutcome;
  /** The controller and method, e.g. `BooksController.list`. */
  readonly action: string;
  readonly authType: string | undefined;
  readonly clientId: string | undefined;
  readonly userId: string | undefined;
}

/** Records spans. */
export interface Tracer {
  /** A guard has decided; called in the asynchronous context of the request. */
  decided(decision: TracedDecision): void;
  /** Runs I/O in a span of its own, which ends with the promise. Returns what `work` returns. */
  around<Answer>(operation: TracedOperation, work: () => Answer): Answer;
}

/** Where a tracer is put in. Without one, I/O runs as it is. */
export class Tracing {
  tracer: Tracer | undefined;

  /** Runs I/O, in a span if there is a tracer. */
  around<Answer>(operation: TracedOperation, work: () => Answer): Answer {
    return this.tracer === undefined ? work() : this.tracer.around(operation, work);
  }
}
