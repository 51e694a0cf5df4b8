import { ThrottledError } from '../../../core/errors.js';
import type { FailureBudget, FailureReservation } from '../../../core/failure-budget.js';
import { parseRate } from '../../../core/rate.js';
import type { EndpointContext } from '../../server-context.js';
import type { EndpointRequest, Next, Step } from '../endpoint-request.js';
import { parameter } from '../request/parameters.js';

/** The key under which wrong codes of all callers are counted together. */
const ALL = 'user-codes';

/**
 * Limits wrong user codes, which are short enough to be guessed (RFC 8628 §5.1).
 *
 * Wrong codes count by user if somebody is signed in, otherwise by address. In addition all wrong codes together are
 * limited, which bounds the probability that somebody guesses another's code. A stranger who reaches that limit blocks
 * nobody: from then on codes can be entered only by signed-in users, which approval requires anyway, and only users who
 * have just entered a wrong one have to wait.
 */
export class UserCodeLimits {
  private readonly own: FailureBudget;
  private readonly lately: FailureBudget;
  private readonly all: FailureBudget;

  constructor(private readonly context: EndpointContext) {
    const { rates } = context.settings;
    const { failureBudget } = context.dependencies;
    this.own = failureBudget(rates.userCodes);
    this.all = failureBudget(rates.allUserCodes);
    // The window in which the common limit allows one wrong code.
    const window = parseRate(rates.allUserCodes, 'allUserCodes')?.windowSeconds;
    this.lately = failureBudget(window === undefined ? null : `1/${window}s`);
  }

  /** The step. It throws ThrottledError if the user has entered too many wrong codes. */
  readonly step: Step = (request, next) => {
    const { outer, read } = request;
    const userCode = outer.method === 'POST' ? parameter(read.parameters, 'user_code') : undefined;
    return userCode === undefined ? next(request) : this.enter(request, userCode, next);
  };

  /** Continues with a request that enters a code; if a sign-in is required first, the browser is redirected to it. */
  private async enter(request: EndpointRequest, userCode: string, next: Next): Promise<void> {
    const { outer } = request;
    const { pages, dependencies } = this.context;
    const userId = await pages.signedInUser(outer);
    const isScarce = this.all.retryAfterSeconds(ALL) > 0;
    if (userId === undefined && isScarce) return pages.signInForDevice(outer, userCode);
    const key = userId === undefined ? dependencies.address(outer) : `user:${userId}`;
    const reservation = await this.own.reserve(key);
    if (!reservation.allowed) {
      if (userId === undefined) return pages.signInForDevice(outer, userCode);
      throw new ThrottledError(reservation.retryAfterSeconds);
    }
    const places = [reservation];
    let isWrong = false;
    try {
      if (isScarce) places.push(await this.firstLately(key));
      await next(request);
      isWrong = request.dispatched?.state.userCodeIsWrong === true;
    } finally {
      for (const place of places) isWrong ? place.fail() : place.release();
    }
    if (isWrong) await this.count(isScarce ? undefined : key);
  }

  /** @throws ThrottledError if a wrong code was entered recently */
  private async firstLately(key: string): Promise<FailureReservation> {
    const reservation = await this.lately.reserve(key);
    if (!reservation.allowed) throw new ThrottledError(reservation.retryAfterSeconds);
    return reservation;
  }

  /** @param key the caller, if not counted yet */
  private async count(key: string | undefined): Promise<void> {
    await this.all.fail(ALL);
    if (key === undefined) return;
    const reservation = await this.lately.reserve(key);
    if (reservation.allowed) reservation.fail();
  }
}
