/** Why there is no answer. */
export type FailureKind =
  /** The endpoint cannot be reached, or the connection breaks off. */
  | 'network'
  /** The time limit was exceeded. */
  | 'time'
  /** A status other than 200 that says something about the server. */
  | 'status'
  /** 401 or 403: the credentials are unknown, or not allowed to introspect. */
  | 'credentials'
  /** It rejects this one request. The server works, so other requests are not affected. */
  | 'request'
  /** It answers, but not with a valid answer. */
  | 'answer';

/** The failure of a call to a server. The message is for the log, and contains neither tokens nor secrets. */
export class EndpointFailure extends Error {
  override readonly name = 'EndpointFailure';

  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly details: {
      readonly cause?: unknown;
      /** The pause that the server requested. */
      readonly pauseMilliseconds?: number;
    } = {},
  ) {
    super(message, { cause: details.cause });
  }
}
