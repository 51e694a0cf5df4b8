import { HttpError } from 'routing-controllers';
import { OAuth2Error } from '../core/errors.js';

/**
 * Makes every `OAuth2Error` an `HttpError` of routing-controllers, whose default error handler answers 500 for any
 * other error. The core does not know routing-controllers, so the two are linked here; once more changes nothing.
 */
export function linkToHttpError(): void {
  Object.setPrototypeOf(OAuth2Error.prototype, HttpError.prototype);
}
