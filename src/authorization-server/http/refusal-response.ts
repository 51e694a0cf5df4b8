import { OAuth2Error } from '../../core/errors.js';
import { BadRequest } from './request/bad-request.js';

/** The response to a request that oidc-provider did not answer. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether to log it, because the request did not cause it. */
  readonly isFailure: boolean;
}

/** The response for an error. Errors of other code are answered without any details. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof BadRequest) {
    const { status, error, description, headers } = thrown;
    return { status, error, description, headers, isFailure: false };
  }
  // The error that oidc-provider gets for an outage has the original one as its cause.
  const known = thrown instanceof Error && thrown.cause instanceof OAuth2Error ? thrown.cause : thrown;
  if (known instanceof OAuth2Error) {
    const { status, code: error, message: description, details } = known;
    const { retryAfterSeconds, detail, cause } = details;
    const headers: Record<string, string> =
      retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
    // The throttle logs an outage of its store itself; errors with a cause are logged only here.
    const isFailure = status >= 500 && (detail !== undefined || cause !== undefined);
    return { status, error, description, headers, isFailure };
  }
  return { status: 500, error: 'server_error', description: 'the server failed', headers: {}, isFailure: true };
}
