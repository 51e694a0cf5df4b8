import type { Context } from 'koa';
import { isPromiseLike } from '../../core/promises.js';
import type { FailureBudget, FailureReservation } from '../parts.js';
import { type Parameters, parameter } from './parameters.js';

/**
 * The client identifier that a request claims, before anything of it is checked: from the Basic credentials, the
 * assertion or the form (RFC 6749 §2.3.1, RFC 7523 §3).
 */
export function claimedClientId({ req }: Context, parameters: Parameters): string | undefined {
  const header = req.headers.authorization ?? '';
  if (/^basic /i.test(header)) return basicCredentials(header)?.clientId;
  return parameter(parameters, 'client_id') ?? subjectOf(parameter(parameters, 'client_assertion'));
}

/**
 * The credentials of an `Authorization: Basic` field. RFC 6749 §2.3.1: identifier and secret are encoded as form values
 * within them.
 */
export function basicCredentials(header: string): { readonly clientId: string; readonly secret: string } | undefined {
  const [scheme, encoded, ...others] = header.split(' ');
  if (scheme?.toLowerCase() !== 'basic' || encoded === undefined || others.length > 0) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  try {
    const [clientId = '', secret = ''] = [text.slice(0, colon), text.slice(colon + 1)].map(formDecoded);
    return { clientId, secret };
  } catch {
    return undefined;
  }
}

function formDecoded(text: string): string {
  return /[%+]/.test(text) ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
}

function subjectOf(assertion: string | undefined): string | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(assertion?.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { sub } = payload as { readonly sub?: unknown };
    return typeof sub === 'string' ? sub : undefined;
  } catch {
    return undefined;
  }
}

/** Places in the budgets of a failed client authentication. */
export class AuthenticationAttempt {
  /** The refusal, if one of the budgets is spent. */
  refused: FailureReservation | undefined;
  private readonly taken: FailureReservation[] = [];

  /** Takes a place if the budget has one; else gives back those that were taken. */
  take(reservation: FailureReservation): boolean {
    if (reservation.allowed) {
      this.taken.push(reservation);
      return true;
    }
    this.succeeded();
    this.refused = reservation;
    return false;
  }

  /** Gives the places back: the authentication did not fail. */
  succeeded(): void {
    for (const reservation of this.taken) reservation.release();
  }

  /** The places count as failures. */
  failed(): void {
    for (const reservation of this.taken) reservation.fail();
  }
}

/** Takes a place in the budget of the address, then in that of the application, before anything is looked up. */
export function beginAuthentication(
  budget: FailureBudget,
  address: string,
  clientId: string | undefined,
): AuthenticationAttempt | Promise<AuthenticationAttempt> {
  const attempt = new AuthenticationAttempt();
  const keys = clientId === undefined ? [address] : [address, `client:${clientId.slice(0, 255)}`];
  for (let key = keys.shift(); key !== undefined; key = keys.shift()) {
    const reservation = budget.reserve(key);
    if (isPromiseLike(reservation)) return takeLater(attempt, reservation, keys, budget);
    if (!attempt.take(reservation)) break;
  }
  return attempt;
}

async function takeLater(
  attempt: AuthenticationAttempt,
  pending: PromiseLike<FailureReservation>,
  keys: readonly string[],
  budget: FailureBudget,
): Promise<AuthenticationAttempt> {
  try {
    let allowed = attempt.take(await pending);
    for (const key of keys) {
      if (!allowed) break;
      allowed = attempt.take(await budget.reserve(key));
    }
    return attempt;
  } catch (error) {
    attempt.succeeded();
    throw error;
  }
}
