import type { Context } from 'koa';
import { createParamDecorator } from 'routing-controllers';
import { AuthenticationRequiredError } from '../../core/errors.js';
import { after } from '../../core/promises.js';
import type { VerifiedToken } from '../../core/verified-token.js';
import type { RequestAccess } from '../../resource-server/request-access.js';
import { accessOf, noteAction } from '../request-state.js';

/**
 * Injects the verified access token of the request into a parameter (`VerifiedToken`); `undefined` without one.
 *
 * @param options `required: true` refuses a request without a token, e.g. one with a session, with 401
 * @returns the parameter decorator
 * @throws AuthenticationRequiredError (401, RFC 6750 §3.1) from the parameter, if a token is required and there is none
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { CurrentToken, type VerifiedToken } from 'routing-controllers-oauth2';
 *
 * @JsonController()
 * export class TokenController {
 *   @Authorized()
 *   @Get('/token')
 *   show(@CurrentToken({ required: true }) token: VerifiedToken): object {
 *     return { application: token.clientId, scopes: token.scopes };
 *   }
 * }
 * ```
 */
export function CurrentToken(options: { readonly required?: boolean } = {}): ParameterDecorator {
  const tokenOf = (access: RequestAccess): VerifiedToken | undefined => {
    if (access.token === undefined && options.required) {
      throw access.refused(new AuthenticationRequiredError('An access token is needed.'));
    }
    return access.token;
  };
  return createParamDecorator({
    value: (action) => {
      noteAction(action);
      const access = accessOf(action.context as Context);
      return after(access, tokenOf);
    },
  }) as ParameterDecorator;
}
