import type { Context } from 'koa';
import { sha256Key } from '../../../core/digest.js';
import type { FailureReservation } from '../../../core/failure-budget.js';
import type { FormFields } from '../forms/form-body.js';
import type { PageDependencies, SignInBudget } from '../page-dependencies.js';
import { PageError } from '../page-error.js';
import { foldedName } from './folded-name.js';
import type { KnownBrowsers } from './known-browsers.js';
import type { Viewers } from './viewers.js';

/** The result of a sign-in. */
export type SignInResult =
  | { readonly userId: string }
  | { readonly problem: 'wrong' }
  | { readonly problem: 'throttled'; readonly retryAfterSeconds: number };

/** Nothing real is longer, and a truncated password would be a different one. */
const MAXIMUM_USERNAME_LENGTH = 255;
const MAXIMUM_PASSWORD_LENGTH = 1024;

/** Checks user name and password within the budgets of failures. */
export class PasswordCheck {
  constructor(
    private readonly dependencies: Pick<PageDependencies, 'authenticate' | 'failures' | 'address' | 'events'>,
    private readonly viewers: Viewers,
    private readonly browsers: KnownBrowsers,
  ) {}

  /** @throws PageError 400 if the user name or password is too long */
  async check(context: Context, fields: FormFields): Promise<SignInResult> {
    const username = fields.value('username');
    const password = fields.value('password');
    if (username.length > MAXIMUM_USERNAME_LENGTH || password.length > MAXIMUM_PASSWORD_LENGTH) {
      throw new PageError(400, 'badRequest');
    }
    if (username === '' || password === '') return { problem: 'wrong' };
    const attempts = await this.reserve(context, username);
    const refused = attempts.find(({ allowed }) => !allowed);
    if (refused !== undefined) {
      // A refused attempt is not a failure and must not use up the other budget.
      for (const attempt of attempts) attempt.release();
      this.tellRefused(context, 'throttled');
      return { problem: 'throttled', retryAfterSeconds: refused.retryAfterSeconds };
    }
    const userId = await this.authenticated(context, username, password).catch((error: unknown) => {
      // The password was not found to be wrong.
      for (const attempt of attempts) attempt.release();
      throw error;
    });
    if (userId === undefined) {
      for (const attempt of attempts) attempt.fail();
      this.tellRefused(context, 'wrong');
      return { problem: 'wrong' };
    }
    for (const attempt of attempts) attempt.release();
    this.browsers.remember(context, username);
    return { userId };
  }

  private tellRefused(context: Context, reason: 'wrong' | 'throttled'): void {
    const { events, address } = this.dependencies;
    events.tell('user.refused', () => ({ reason, address: address(context) }));
  }

  private async authenticated(context: Context, username: string, password: string): Promise<string | undefined> {
    const userId: unknown = await this.dependencies.authenticate?.(username, password, context);
    if (userId === undefined || userId === null) return undefined;
    if (typeof userId !== 'string') {
      throw new TypeError(`authenticate returned a ${typeof userId}; return the id of the user as a string.`);
    }
    // The page does not say that a user is disabled, because that would confirm the password.
    return (await this.viewers.of(userId)) === undefined ? undefined : userId;
  }

  /** Reserves an attempt in each budget that exists; the last result is the refusal if there is one. */
  private async reserve(context: Context, username: string): Promise<FailureReservation[]> {
    const attempts: FailureReservation[] = [];
    try {
      for (const [budget, key] of this.budgetsOf(context, username)) {
        const attempt = await budget?.reserve(key);
        if (attempt === undefined) continue;
        attempts.push(attempt);
        if (!attempt.allowed) break;
      }
    } catch (error) {
      for (const attempt of attempts) attempt.release();
      throw error;
    }
    return attempts;
  }

  /**
   * Failures count where they come from: strictly by name and address. All attempts for one name also count together,
   * at a larger rate, since guesses may come from many addresses. A browser in which this user has signed in has a
   * strict budget of its own.
   */
  private budgetsOf(context: Context, username: string): (readonly [SignInBudget | undefined, string])[] {
    const { byAddress, byName, byNameAndAddress } = this.dependencies.failures ?? {};
    const browser = this.browsers.find(context, username);
    if (browser !== undefined) return [[byNameAndAddress, `browser:${browser}`]];
    const address = this.dependencies.address(context);
    // A digest, because people sometimes type their password into this field. Spellings of one name count together.
    const name = `username:${sha256Key(foldedName(username))}`;
    return [
      [byAddress, address],
      [byNameAndAddress, `${name} ${address}`],
      [byName, name],
    ];
  }
}
