import { STATUS_CODES } from 'node:http';
import { HttpError } from 'routing-controllers';

/** The members that http-errors, and so Koa's `ctx.throw`, add to an error. */
interface KoaError extends Error {
  readonly status: number;
  readonly expose?: boolean;
}

const NOT_SHOWN = new Set([
  'status',
  'statusCode',
  'httpCode',
  'expose',
  'headers',
  'name',
  'message',
  'stack',
  'cause',
]);

/**
 * Converts an error so that the default error handler of routing-controllers answers it with its own status: that
 * handler answers 500 for everything that is not an `HttpError` of its own copy of the class.
 */
export function asHttpError(error: Error, status: number): HttpError {
  if (error instanceof HttpError) return error;
  const { expose, message, name, stack } = error as KoaError;
  // In http-errors, `expose` says whether the message is meant for callers; by default that of a 5xx is not.
  const isPublic = expose !== false;
  const publicMessage = isPublic ? message : (STATUS_CODES[status] ?? 'Error');
  const shown = Object.fromEntries(Object.entries(error).filter(([key]) => !NOT_SHOWN.has(key)));
  const joined = Object.assign(new HttpError(status, publicMessage), shown);
  const hidden = {
    name,
    status,
    statusCode: status,
    expose: isPublic,
    headers: (error as { headers?: unknown }).headers,
    cause: error,
    stack: isPublic ? stack : `${name}: ${publicMessage}`,
    toJSON: () => ({ name, message: publicMessage, ...(isPublic && shown) }),
  };
  for (const [key, value] of Object.entries(hidden)) {
    Object.defineProperty(joined, key, { value, writable: true, configurable: true, enumerable: false });
  }
  return joined;
}
