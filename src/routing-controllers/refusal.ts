import type { Context } from 'koa';
import { OAuth2Error } from '../core/errors.js';
import { httpErrorHeaders, httpErrorStatus } from '../core/http-errors.js';
import type { ErrorResponder, ResponseFields } from '../resource-server/error-response.js';
import { asHttpError } from './host-error.js';

/** An error that ends a request, with all that its answer needs. */
export interface Refusal {
  /** What goes through routing-controllers' error handling: one of its `HttpError`s. */
  readonly error: Error;
  /** What was thrown. */
  readonly thrown: unknown;
  /** Whether it is an error of the host's, so that the host's error handling may see it. */
  readonly isOfHost: boolean;
  readonly status: number;
  readonly fields: ResponseFields;
  /** Writes the response; `content` is what routing-controllers makes of an error of the host's. */
  answer(context: Context, content?: unknown): void;
}

/** The refusal by an error of this package. */
export function ownRefusal(responder: ErrorResponder, error: OAuth2Error, thrown: unknown = error): Refusal {
  responder.prepare(error);
  const { status, headers: fields } = error;
  return { error, thrown, isOfHost: false, status, fields, answer: (context) => responder.respond(context, error) };
}

/**
 * The refusal by an error of the host's that says itself how it is to be answered; `undefined` if it does not.
 */
export function hostRefusal(responder: ErrorResponder, thrown: unknown): Refusal | undefined {
  const status = httpErrorStatus(thrown);
  if (status === undefined) return undefined;
  const fields = responder.fieldsOf(status, httpErrorHeaders(thrown as Error));
  const error = asHttpError(thrown as Error, status);
  const answer = (context: Context, content: unknown = bodyOf(error)) =>
    responder.write(context, status, fields, content);
  return { error, thrown, isOfHost: true, status, fields, answer };
}

/** Where nobody else makes a body: the name and the message, as routing-controllers does. */
function bodyOf(error: Error & { toJSON?(): unknown }): unknown {
  return typeof error.toJSON === 'function' ? error.toJSON() : { name: error.name, message: error.message };
}

/** An error of the host's that is answered by one of this package if the host's error handling leaves it. */
export function translatedRefusal(responder: ErrorResponder, thrown: object, error: OAuth2Error): Refusal {
  return { ...ownRefusal(responder, error, thrown), isOfHost: true };
}
