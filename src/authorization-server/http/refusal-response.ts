import { OAuth2Error } from '../../core/errors.js';
import { BadRequest } from './request/bad-request.js';

/** What is answered to a request that oidc-provider did not answer. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it is a matter for the log, and none of the request. */
  readonly isFailure: boolean;
}

/** What to answer to what was thrown. Of errors that are not ours nothing is told but that there was one. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof BadRequest) {
    const { status, error, description, headers } = thrown;
    return { status, error, description, headers, isFailure: false };
  }
  // The error that oidc-provider is given for an outage carries ours as its cause.
  const known = thrown instanceof Error && thrown.cause instanceof OAuth2Error ? thrown.cause : thrown;
  if (known instanceof OAuth2Error) {
    const { status, code: error, message: description, details } = known;
    const { retryAfterSeconds, detail, cause } = details;
    const headers: Record<string, string> =
      retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
    // The throttle has said once that its store is away; what has a cause is said by nobody else.
    const isFailure = status >= 500 && (detail !== undefined || cause !== undefined);
    return { status, error, description, headers, isFailure };
  }
  return { status: 500, error: 'server_error', description: 'the server failed', headers: {}, isFailure: true };
}
