/** Why there is no answer. */
export type FailureKind =
  /** The endpoint cannot be reached, or breaks off. */
  | 'network'
  /** It took too long. */
  | 'time'
  /** Another status than 200, of a kind that says something about the server. */
  | 'status'
  /** 401 or 403: it does not know our credentials, or gives us no answers. */
  | 'credentials'
  /** It does not like this one request. It lives, so that nothing follows for others. */
  | 'request'
  /** It answers, and the answer is none. */
  | 'answer';

/** There is no answer from a server. The message is for the log; it shows nothing of a token or a secret. */
export class EndpointFailure extends Error {
  override readonly name = 'EndpointFailure';

  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly details: {
      readonly cause?: unknown;
      /** For how long the server asked to be left alone. */
      readonly pauseMilliseconds?: number;
    } = {},
  ) {
    super(message, { cause: details.cause });
  }
}
