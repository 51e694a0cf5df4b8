/** What both errors share: a message that stays what it is. */
class ConnectionTroubleError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(undefined, options);
    // knex puts the statement with its values before the message of whatever fails; values do not belong into logs.
    Object.defineProperty(this, 'message', { get: () => message, set: () => undefined, configurable: true });
  }
}

/** The database gave no answer within the deadline, or no connection to ask on. */
export class DatabaseDeadlineError extends ConnectionTroubleError {
  override readonly name = 'DatabaseDeadlineError';
  /** As of a connection that fell silent, which is what it is for the caller. */
  readonly code = 'ETIMEDOUT';

  static ofStatement(milliseconds: number): DatabaseDeadlineError {
    return new DatabaseDeadlineError(`The database gave no answer within ${milliseconds} ms.`);
  }

  static ofPool(milliseconds: number, cause?: unknown): DatabaseDeadlineError {
    return new DatabaseDeadlineError(
      `No connection to the database was to be had within ${milliseconds} ms.`,
      cause === undefined ? undefined : { cause },
    );
  }
}

/** The database cannot be connected to; `cause` says why. */
export class DatabaseUnreachableError extends ConnectionTroubleError {
  override readonly name = 'DatabaseUnreachableError';
  /** The code of the driver or the operating system. */
  readonly code: string;
  /** As the drivers mark errors after which there is no connection. */
  readonly fatal = true;

  constructor(cause: unknown) {
    const { message, code } = (cause ?? {}) as { readonly message?: unknown; readonly code?: unknown };
    const text = typeof code === 'string' ? code : 'ECONNREFUSED';
    // An AggregateError (several addresses tried) has no message of its own, but a code.
    super(typeof message === 'string' && message !== '' ? message : text, { cause });
    this.code = text;
  }
}

/** SQLite: somebody else's transaction was open for as long as the deadline. */
export class DatabaseLockedError extends ConnectionTroubleError {
  override readonly name = 'DatabaseLockedError';
  readonly code = 'SQLITE_BUSY';

  constructor() {
    super('database is locked');
  }
}

/** The database was closed here, and is not asked any more. */
export class DatabaseClosedError extends ConnectionTroubleError {
  override readonly name = 'DatabaseClosedError';
  readonly code = 'ECONNABORTED';

  constructor() {
    super('The database was closed.');
  }
}
