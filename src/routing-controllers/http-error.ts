import { HttpError } from 'routing-controllers';
import { OAuth2Error } from '../core/errors.js';

/**
 * Makes every `OAuth2Error` an `HttpError` of routing-controllers, whose default error handler answers 500 for any
 * other error. The core does not know routing-controllers, so the two are linked here, once.
 */
export function linkToHttpError(): void {
  if (OAuth2Error.prototype instanceof HttpError) return;
  Object.setPrototypeOf(OAuth2Error.prototype, HttpError.prototype);
}
