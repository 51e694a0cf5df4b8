import type { ConfigurationError } from './errors/configuration-error.js';
import type { OAuth2ErrorCode } from './errors/oauth2-error.js';

export { ConfigurationError } from './errors/configuration-error.js';
export {
  OAuth2Error,
  type OAuth2ErrorCode,
  type OAuth2ErrorDetails,
  type OAuth2ErrorJson,
} from './errors/oauth2-error.js';
export {
  AccessDeniedError,
  AuthenticationRequiredError,
  InsufficientScopeError,
  InsufficientUserAuthenticationError,
  InvalidClientError,
  InvalidDPoPProofError,
  InvalidRequestError,
  InvalidScopeError,
  InvalidTokenError,
  ServerError,
  TemporarilyUnavailableError,
  ThrottledError,
  TOKEN_EXPIRED,
  UseDPoPNonceError,
} from './errors/refusals.js';

/** The code of an error of this package, to `switch` on: that of a refusal, or of a mistake at start-up. */
export type ErrorCode = OAuth2ErrorCode | typeof ConfigurationError.code;
