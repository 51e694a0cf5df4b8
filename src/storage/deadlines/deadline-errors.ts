/** The base of these errors: a message that cannot be changed. */
class ConnectionTroubleError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(undefined, options);
    // knex prepends the statement with its values to the message of any error; values must not be logged.
    Object.defineProperty(this, 'message', { get: () => message, set: () => undefined, configurable: true });
  }
}

/** The database did not answer within the deadline, or no connection was available in that time. */
export class DatabaseDeadlineError extends ConnectionTroubleError {
  override readonly name = 'DatabaseDeadlineError';
  /** The code of a connection that fell silent, which is what it means to the caller. */
  readonly code = 'ETIMEDOUT';

  static ofStatement(milliseconds: number): DatabaseDeadlineError {
    return new DatabaseDeadlineError(`The database gave no answer within ${milliseconds} ms.`);
  }

  static ofPool(milliseconds: number, cause?: unknown): DatabaseDeadlineError {
    return new DatabaseDeadlineError(
      `No connection to the database was available within ${milliseconds} ms.`,
      cause === undefined ? undefined : { cause },
    );
  }
}

/** No connection to the database can be opened; `cause` says why. */
export class DatabaseUnreachableError extends ConnectionTroubleError {
  override readonly name = 'DatabaseUnreachableError';
  /** The code of the driver or the operating system. */
  readonly code: string;
  /** As drivers mark errors that end a connection. */
  readonly fatal = true;

  constructor(cause: unknown) {
    const { message, code } = (cause ?? {}) as { readonly message?: unknown; readonly code?: unknown };
    const text = typeof code === 'string' ? code : 'ECONNREFUSED';
    // An AggregateError (several addresses were tried) has no message, but a code.
    super(typeof message === 'string' && message !== '' ? message : text, { cause });
    this.code = text;
  }
}

/** SQLite: another process's transaction was open for as long as the deadline. */
export class DatabaseLockedError extends ConnectionTroubleError {
  override readonly name = 'DatabaseLockedError';
  readonly code = 'SQLITE_BUSY';

  constructor() {
    super('database is locked');
  }
}

/** The database was closed by this process. */
export class DatabaseClosedError extends ConnectionTroubleError {
  override readonly name = 'DatabaseClosedError';
  readonly code = 'ECONNABORTED';

  constructor() {
    super('The database was closed.');
  }
}
