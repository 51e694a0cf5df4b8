import type { Authenticator } from './authenticator.js';

/** One authenticator in its place among the others. */
export interface AuthenticationStep {
  readonly authenticator: Authenticator;
  /** The request fields that an answer depends on once this one was asked, as they stand in `Vary`; empty for none. */
  readonly vary: string;
}

/** Authenticators in the order in which they are asked, worked out at start-up. */
export function authenticationSteps(authenticators: readonly Authenticator[]): readonly AuthenticationStep[] {
  const ordered = inOrder(authenticators);
  // An answer depends on the fields of its authenticator, and on those of all that were asked before it.
  return ordered.map((authenticator, index) => ({ authenticator, vary: fieldsRead(ordered.slice(0, index + 1)) }));
}

/** The request fields that some authenticators read, as they stand in `Vary`; empty if none says so. */
export function fieldsRead(authenticators: readonly Authenticator[]): string {
  return [...new Set(inOrder(authenticators).flatMap((one) => one.reads ?? []))].join(', ');
}

/** What a caller sends on purpose is asked for before what a browser sends by itself. */
function inOrder(authenticators: readonly Authenticator[]): readonly Authenticator[] {
  return [...authenticators.filter((one) => !one.ambient), ...authenticators.filter((one) => one.ambient)];
}
