import type { OAuth2Error } from './oauth2-error.js';
import { ThrottledError } from './refusals.js';
import { withoutStack } from './without-stack.js';

/** Makes an error; `providedScopes` are those of the caller, for an error that names them. */
type MakeError = (providedScopes?: readonly string[]) => OAuth2Error;

/**
 * A refusal that says the same to every caller who gets it, made once. It stands for an error and holds nothing of a request,
 * so that what is prepared from it can be sent to anybody whom the guard refuses with it.
 */
export class KnownRefusal {
  /** For reading only: it is never given to code of the host, which could put marks on it. */
  readonly error: OAuth2Error;

  constructor(private readonly make: MakeError) {
    this.error = make();
  }

  /** An error of the request's own. */
  again(providedScopes?: readonly string[]): OAuth2Error {
    return this.make(providedScopes);
  }
}

const BY_SECONDS = new Map<number, KnownRefusal>();
const MOST = 1_000;

/** A ThrottledError by its seconds: in a storm, all requests of a second are told the same. */
export function throttledFor(retryAfterSeconds: number): KnownRefusal {
  const known = BY_SECONDS.get(retryAfterSeconds);
  if (known !== undefined) return known;
  const made = new KnownRefusal(() => withoutStack(ThrottledError, retryAfterSeconds));
  if (BY_SECONDS.size >= MOST) BY_SECONDS.clear();
  BY_SECONDS.set(retryAfterSeconds, made);
  return made;
}
