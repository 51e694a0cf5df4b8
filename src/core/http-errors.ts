/** The members by which an error of another library defines its response. */
interface HttpErrorLike extends Error {
  /** routing-controllers' `HttpError`. */
  readonly httpCode?: unknown;
  /** http-errors, created by Koa's `ctx.throw`. */
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly expose?: unknown;
  readonly headers?: unknown;
}

/**
 * The status of an error that defines its own response: an `HttpError` of routing-controllers, or one of http-errors
 * (`ctx.throw`). `undefined` for any other error, and for a status below 400: those are faults.
 */
export function httpErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { httpCode, status, statusCode, expose } = error as HttpErrorLike;
  if (isRefusal(httpCode)) return httpCode;
  // The same test as http-errors' own `isHttpError`: errors of HTTP clients have a `status` too.
  return typeof expose === 'boolean' && status === statusCode && isRefusal(status) ? status : undefined;
}

/** The header fields of such an error. */
export function httpErrorHeaders(error: Error): Record<string, string | string[]> {
  const { headers } = error as HttpErrorLike;
  if (typeof headers !== 'object' || headers === null) return {};
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || value === null) continue;
    fields[name] = Array.isArray(value) ? value.map(String) : String(value);
  }
  return fields;
}

function isRefusal(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599;
}
