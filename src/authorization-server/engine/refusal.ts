import { OAuth2Error } from '../../core/errors.js';
import { BadRequest } from './bad-request.js';

/** What is answered to a request that oidc-provider did not answer. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For the log, where it is no matter of the request. */
  readonly detail: string | undefined;
}

/** What to answer to what was thrown. Of errors that are not ours nothing is told but that there was one. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof BadRequest) {
    const { status, error, description, headers } = thrown;
    return { status, error, description, headers, detail: undefined };
  }
  // The error that oidc-provider is given for an outage carries ours as its cause.
  const known = thrown instanceof Error && thrown.cause instanceof OAuth2Error ? thrown.cause : thrown;
  if (known instanceof OAuth2Error) {
    const { status, code: error, message: description, details } = known;
    const { retryAfterSeconds, detail = description } = details;
    const headers: Record<string, string> =
      retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
    return { status, error, description, headers, detail: status < 500 ? undefined : detail };
  }
  const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { status: 500, error: 'server_error', description: 'the server failed', headers: {}, detail };
}
