import type { Context, Middleware } from 'koa';
import { HttpError } from 'routing-controllers';
import { type OAuth2, OAuth2Error } from 'routing-controllers-oauth2';
import { ApiError } from './api-error.js';

const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'content_too_large',
  415: 'unsupported_media_type',
  501: 'not_implemented',
};

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  404: 'There is nothing at this path.',
  405: 'This path does not support this method.',
  501: 'This method is not implemented.',
};

/** Answers every error, and every path that does not exist, in JSON; internal details are only logged. */
export function jsonResponses(oauth2: OAuth2): Middleware {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      answerError(oauth2, context, error);
      return;
    }
    const description = DESCRIPTIONS[context.status];
    if (description === undefined || (context.body !== undefined && context.body !== null)) return;
    answer(context, context.status, { error: CODES[context.status], error_description: description });
  };
}

function answerError(oauth2: OAuth2, context: Context, error: unknown): void {
  if (error instanceof ApiError) {
    context.set(error.headers);
    answer(context, error.status, { error: error.code, error_description: error.message });
  } else if (error instanceof OAuth2Error) {
    const { status, headers, body } = oauth2.errorResponse(error);
    context.set(headers);
    answer(context, status, body);
  } else if (error instanceof HttpError && error.httpCode < 500) {
    answer(context, error.httpCode, httpErrorBody(error));
  } else if (isUnreadableBody(error)) {
    const description = error.status === 413 ? 'is too large' : 'cannot be read';
    answer(context, error.status, {
      error: 'invalid_request',
      error_description: `The body of the request ${description}.`,
    });
  } else {
    console.error(`${context.method} ${context.path} failed:`, error);
    answer(context, 500, { error: 'server_error', error_description: 'The server met an unexpected condition.' });
  }
}

/** An error of the body parser: it has the status that it stands for, but is not an `HttpError`. */
function isUnreadableBody(error: unknown): error is Error & { readonly status: number } {
  const status: unknown = (error as { status?: unknown } | undefined)?.status;
  return typeof status === 'number' && [400, 413, 415].includes(status);
}

function answer(context: Context, status: number, body: unknown): void {
  context.status = status;
  context.type = 'application/json';
  context.body = body;
}

/** The details that routing-controllers adds to a failed validation. */
interface ValidationFailure {
  readonly property?: string;
  readonly constraints?: Readonly<Record<string, string>>;
}

function httpErrorBody(error: HttpError): object {
  const body = { error: CODES[error.httpCode] ?? 'refused', error_description: describe(error) };
  const { errors } = error as { errors?: unknown };
  if (!Array.isArray(errors)) return body;
  const fields = errors.map(({ property, constraints }: ValidationFailure) => ({
    field: property,
    problems: Object.values(constraints ?? {}),
  }));
  return { ...body, error_description: 'The body of the request is not valid.', fields };
}

function describe(error: HttpError): string {
  return error.message === '' ? (DESCRIPTIONS[error.httpCode] ?? 'The request was refused.') : error.message;
}
