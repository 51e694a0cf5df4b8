import type { Context } from 'koa';
import { createParamDecorator } from 'routing-controllers';
import { accessOf, noteAction } from '../request-state.js';

/**
 * Injects the access object of the request into a parameter (`RequestAccess`): principal, token, scopes, object-level
 * checks.
 *
 * @returns the parameter decorator
 * @throws ConfigurationError (at the first request) if no guard has seen the action: add `@Public()` or
 *   `@Authorized(...)`
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController, NotFoundError, Param } from 'routing-controllers';
 * import { Access, RequestAccess } from 'routing-controllers-oauth2';
 *
 * const notes = new Map([['1', { ownerId: '5', text: 'Milk.' }]]);
 *
 * @JsonController('/notes')
 * export class NoteController {
 *   @Authorized('notes')
 *   @Get('/:id')
 *   async show(@Param('id') id: string, @Access() access: RequestAccess): Promise<object> {
 *     const note = notes.get(id);
 *     if (note === undefined) throw new NotFoundError();
 *     await access.checkObject(note);
 *     return note;
 *   }
 * }
 * ```
 */
export function Access(): ParameterDecorator {
  return createParamDecorator({
    value: (action) => {
      noteAction(action);
      return accessOf(action.context as Context);
    },
  }) as ParameterDecorator;
}
