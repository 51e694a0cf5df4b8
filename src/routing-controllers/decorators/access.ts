import type { Context } from 'koa';
import { createParamDecorator } from 'routing-controllers';
import { accessOf, noteAction } from '../request-state.js';

/** Gives the request's access object to a parameter (`RequestAccess`): principal, token, scopes, object-level checks. */
export function Access(): ParameterDecorator {
  return createParamDecorator({
    value: (action) => {
      noteAction(action);
      return accessOf(action.context as Context);
    },
  }) as ParameterDecorator;
}
