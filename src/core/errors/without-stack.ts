import type { OAuth2Error } from './oauth2-error.js';

/** `--frozen-intrinsics` makes it read-only; assigning to it would throw. */
const isWritable =
  Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')?.writable === true && Object.isExtensible(Error);

/**
 * Makes an error without recording the stack, for refusals that the guard decides itself: their frames are those of this
 * package and tell nobody anything, but recording them would cost more than all the rest of the refusal, and whoever
 * storms over a limit causes one per request. Faults, and whatever a host throws, keep their stacks.
 */
export function withoutStack<P extends readonly unknown[], E extends OAuth2Error>(
  type: new (...parameters: P) => E,
  ...parameters: P
): E {
  if (!isWritable) return new type(...parameters);
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new type(...parameters);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
