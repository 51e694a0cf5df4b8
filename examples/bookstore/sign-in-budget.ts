import { ThrottledError } from 'routing-controllers-oauth2';
import { createThrottle, redisEngine, type Throttle } from 'routing-controllers-oauth2/throttling';
import type { Settings } from './settings.js';

/** How many wrong passwords an address may send. */
const FAILED_SIGN_INS = '20/15m';

/** The budget of failed sign-ins by address, shared by all processes if there is a Redis. */
export class SignInBudget {
  /** Created on first use: an application that is only described opens no connections. */
  private throttle: Throttle | undefined;

  constructor(private readonly settings: Pick<Settings, 'redisUrl' | 'keyPrefix'>) {}

  /**
   * Makes an attempt within the budget; a successful one costs nothing.
   *
   * @throws ThrottledError if the address has failed too often
   */
  async spend<Found>(address: string, tryIt: () => Promise<Found | undefined>): Promise<Found | undefined> {
    this.throttle ??= this.open();
    const reservation = await this.throttle.failedAuthentications.reserve(address);
    if (!reservation.allowed) throw new ThrottledError(reservation.retryAfterSeconds);
    // An attempt that throws says nothing about the password.
    const found = await tryIt().catch((error: unknown) => {
      reservation.release();
      throw error;
    });
    if (found === undefined) reservation.fail();
    else reservation.release();
    return found;
  }

  async close(): Promise<void> {
    await this.throttle?.close();
  }

  private open(): Throttle {
    const { redisUrl, keyPrefix } = this.settings;
    const engine =
      redisUrl === undefined ? undefined : redisEngine({ redis: redisUrl, keyPrefix: `${keyPrefix}sign-in:` });
    return createThrottle({ engine, failedAuthentication: FAILED_SIGN_INS });
  }
}
