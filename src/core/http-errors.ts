/** What an error of another library carries that says how it is to be answered. */
interface HttpErrorLike extends Error {
  /** routing-controllers' `HttpError`. */
  readonly httpCode?: unknown;
  /** http-errors, as Koa's `ctx.throw` makes them. */
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly expose?: unknown;
  readonly headers?: unknown;
}

/**
 * The status of an error that says itself how it is to be answered: an `HttpError` of routing-controllers, or one of
 * http-errors (`ctx.throw`). `undefined` for any other, and for one that does not refuse (below 400): a fault.
 */
export function httpErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { httpCode, status, statusCode, expose } = error as HttpErrorLike;
  if (isRefusal(httpCode)) return httpCode;
  // The test of http-errors' own `isHttpError`: a `status` alone is found on errors of HTTP clients too.
  return typeof expose === 'boolean' && status === statusCode && isRefusal(status) ? status : undefined;
}

/** The header fields that such an error brings. */
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
