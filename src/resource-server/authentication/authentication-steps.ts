import type { Context } from 'koa';
import { type AuthenticationDecision, type Authenticator, DECIDE, isDeciding } from './authenticator.js';

/** One authenticator and its place among the others. */
export interface AuthenticationStep {
  readonly authenticator: Authenticator;
  /**
   * The request fields on which the response depends once this authenticator was asked, in the form of `Vary`; empty
   * for none.
   */
  readonly vary: string;
  /** Asks it; a refusal may be returned or thrown. */
  ask(context: Context): AuthenticationDecision | PromiseLike<AuthenticationDecision>;
}

/** Puts authenticators into the order in which they are asked; done at start-up. */
export function authenticationSteps(authenticators: readonly Authenticator[]): readonly AuthenticationStep[] {
  const ordered = inOrder(authenticators);
  // The response depends on the fields of its authenticator and of all that were asked before it.
  return ordered.map((authenticator, index) => ({
    authenticator,
    vary: fieldsRead(ordered.slice(0, index + 1)),
    ask: isDeciding(authenticator)
      ? (context) => authenticator[DECIDE](context)
      : (context) => authenticator.authenticate(context),
  }));
}

/** The request fields that some authenticators read, in the form of `Vary`; empty if none declares any. */
export function fieldsRead(authenticators: readonly Authenticator[]): string {
  return [...new Set(inOrder(authenticators).flatMap((one) => one.reads ?? []))].join(', ');
}

/** Credentials that the caller sends deliberately come before those that a browser attaches by itself. */
function inOrder(authenticators: readonly Authenticator[]): readonly Authenticator[] {
  return [...authenticators.filter((one) => !one.ambient), ...authenticators.filter((one) => one.ambient)];
}
