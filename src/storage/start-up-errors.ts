import { withoutOwnFrames } from '../core/errors/host-frames.js';
import { TemporarilyUnavailableError } from '../core/errors.js';
import { kindOfError, readError } from './driver-errors/index.js';

/**
 * An error of a call at start-up (`migrate()`, `ready()`), which a person reads: its message says what is wrong with the
 * database and what to do, where that of a request would be sent to a caller and reveals nothing.
 */
export function startUpError(error: unknown): unknown {
  if (!(error instanceof TemporarilyUnavailableError) || error.details.part !== 'database') return error;
  const { cause } = error.details;
  const reason = readError(cause)?.message || readError(cause)?.code || 'it does not answer';
  const text = isRefusal(cause)
    ? `The database refuses this process (${reason}): correct the user, the password or the name of the database in the option database.`
    : `The database cannot be reached (${reason}): start it, or correct the host and port in the option database.`;
  const told = new TemporarilyUnavailableError({ part: 'database', detail: text }, text);
  Object.defineProperty(told, 'stack', { value: withoutOwnFrames(told.stack), writable: true, configurable: true });
  return told;
}

/** Whether the database answered, and accepts nobody like this process: waiting does not help. */
export function isRefusal(error: unknown): boolean {
  return kindOfError(error) === 'refused';
}
