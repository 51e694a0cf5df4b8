import type { Context } from 'koa';
import { OAuth2Error } from '../core/errors.js';
import { httpErrorHeaders, httpErrorStatus } from '../core/http-errors.js';
import type { ErrorResponder, ResponseFields } from '../resource-server/error-response.js';
import { asHttpError } from './host-error.js';

/** An error that ends a request, with everything that its response needs. */
export interface Refusal {
  /** The error that passes through the error handling of routing-controllers: one of its `HttpError`s. */
  readonly error: Error;
  /** What was thrown. */
  readonly thrown: unknown;
  /** Whether it is an error of the host, so that the host's error handling may see it. */
  readonly isOfHost: boolean;
  readonly status: number;
  readonly fields: ResponseFields;
  /** Writes the response; `content` is the body that routing-controllers made of an error of the host. */
  answer(context: Context, content?: unknown): void;
}

/**
 * The refusal for an error of this package.
 *
 * @param scope the scope that the action requires
 */
export function ownRefusal(
  responder: ErrorResponder,
  error: OAuth2Error,
  { thrown = error, scope }: { readonly thrown?: unknown; readonly scope?: string | undefined } = {},
): Refusal {
  const { status, headers: fields, body } = responder.responseTo(error, scope);
  const answer = (context: Context) => responder.write(context, status, fields, body);
  return { error, thrown, isOfHost: false, status, fields, answer };
}

/** The refusal for an error of the host that defines its own response; `undefined` if it does not. */
export function hostRefusal(responder: ErrorResponder, thrown: unknown): Refusal | undefined {
  const status = httpErrorStatus(thrown);
  if (status === undefined) return undefined;
  const fields = responder.fieldsOf(status, httpErrorHeaders(thrown as Error));
  const error = asHttpError(thrown as Error, status);
  const answer = (context: Context, content: unknown = bodyOf(error)) =>
    responder.write(context, status, fields, content);
  return { error, thrown, isOfHost: true, status, fields, answer };
}

/** The body if nothing else makes one: the name and the message, as in routing-controllers. */
function bodyOf(error: Error & { toJSON?(): unknown }): unknown {
  return typeof error.toJSON === 'function' ? error.toJSON() : { name: error.name, message: error.message };
}

/** An error of the host that is answered with one of this package, if the host's error handling does not handle it. */
export function translatedRefusal(responder: ErrorResponder, thrown: object, error: OAuth2Error): Refusal {
  return { ...ownRefusal(responder, error, { thrown }), isOfHost: true };
}
