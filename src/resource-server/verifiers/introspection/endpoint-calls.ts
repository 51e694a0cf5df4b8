import type { Clock } from '../../../core/clock.js';
import { TemporarilyUnavailableError } from '../../../core/errors.js';
import type { Logger } from '../../../core/logger.js';
import { DeadlineExceededError, withDeadline } from '../../cache/deadline.js';
import { EndpointBreaker } from './endpoint-breaker.js';
import { EndpointFailure } from './endpoint-failure.js';

/** How many calls may wait or be in progress for each concurrent call. */
const WAITING = 10;

export interface EndpointCallsOptions {
  /** The name of the server, for messages. */
  readonly name: string;
  readonly timeoutMilliseconds: number;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The advice for the log if the server refuses the credentials. */
  readonly credentialsHint: string;
}

/**
 * Makes calls to a server that may be slow, unreachable or faulty: a limited number at a time, each with a time limit,
 * and none while the breaker is open. Every failure becomes the same error, for which a guard answers 503.
 */
export class EndpointCalls {
  private readonly breaker: EndpointBreaker;
  private underWay = 0;
  private isAway = false;
  private isRefused = false;
  private lastReason = '';

  constructor(private readonly options: EndpointCallsOptions) {
    this.breaker = new EndpointBreaker(options.clock);
  }

  /** Why no calls are made for now; `undefined`: they are. */
  get downReason(): string | undefined {
    return this.breaker.isOpen ? `${this.options.name} does not answer: ${this.lastReason}` : undefined;
  }

  /** @throws TemporarilyUnavailableError if there is no answer; nothing else */
  async run<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    const { timeoutMilliseconds, concurrency } = this.options;
    if (this.underWay >= concurrency * (WAITING + 1)) throw this.unavailable(`${this.underWay} calls are in progress`);
    const admitted = this.breaker.admit();
    if (admitted === undefined) {
      throw this.unavailable(
        `no calls are made for now, since it failed: ${this.lastReason}`,
        this.breaker.retryAfterSeconds,
      );
    }
    this.underWay += 1;
    try {
      const answer = await withDeadline(call(), timeoutMilliseconds);
      admitted.succeeded();
      this.answered();
      return answer;
    } catch (error) {
      const failure = failureOf(error, timeoutMilliseconds);
      // The server works, but rejects this one request. That must not affect other requests.
      if (failure.kind === 'request') admitted.succeeded();
      else this.failed(failure, () => admitted.failed(failure.details.pauseMilliseconds));
      throw this.unavailable(failure.message, this.breaker.isOpen ? this.breaker.retryAfterSeconds : 1);
    } finally {
      this.underWay -= 1;
    }
  }

  private failed(failure: EndpointFailure, tellBreaker: () => void): void {
    const { name, logger, credentialsHint } = this.options;
    this.lastReason = failure.message;
    tellBreaker();
    if (failure.kind === 'credentials' && !this.isRefused) {
      this.isRefused = true;
      logger.error(`${name} refuses the credentials of this resource server (${failure.message}): ${credentialsHint}`);
    }
    if (this.isAway || !this.breaker.isOpen) return;
    this.isAway = true;
    logger.warn(`${name} does not answer (${failure.message}). Requests with its tokens get 503 until it does.`);
  }

  private answered(): void {
    const { name, logger } = this.options;
    this.isRefused = false;
    if (!this.isAway) return;
    this.isAway = false;
    logger.info(`${name} answers again.`);
  }

  private unavailable(reason: string, retryAfterSeconds = 1): TemporarilyUnavailableError {
    const { name } = this.options;
    return new TemporarilyUnavailableError({ part: name, detail: `${name}: ${reason}`, retryAfterSeconds });
  }
}

function failureOf(error: unknown, timeoutMilliseconds: number): EndpointFailure {
  if (error instanceof EndpointFailure) return error;
  if (error instanceof DeadlineExceededError) {
    return new EndpointFailure('time', `no answer within ${timeoutMilliseconds} milliseconds`);
  }
  // From a parser or oauth4webapi. Their messages describe the problem, and contain nothing of the answer.
  return new EndpointFailure('answer', error instanceof Error ? error.message : String(error));
}
