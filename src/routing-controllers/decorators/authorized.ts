import { Authorized as PlainAuthorized } from 'routing-controllers';
import type { AuthorizedExpression } from '../../resource-server/permissions/expression.js';
import { type ClassOrMethodDecorator, declaring, decorated } from '../declarations.js';

/**
 * Guards an action, or all actions of a class, as `@Authorized` of routing-controllers does, which goes on to work. With
 * `Register` it takes only scopes that exist.
 *
 * | written                               | means                                                |
 * | ------------------------------------- | ---------------------------------------------------- |
 * | `@Authorized()`                       | any authenticated caller                             |
 * | `@Authorized('a')`                    | a token with this scope                              |
 * | `@Authorized(['a', 'b'])`             | a token with all of these scopes                     |
 * | `@Authorized([['a'], ['b', 'c']])`    | each inner list is an alternative: `a`, or `b` and `c` |
 * | `@Authorized(['x', ['a'], ['b']])`    | `x`, and `a` or `b`                                  |
 * | `@Authorized(IsStaff)`, `@Authorized(allOf(…))` | permissions, or their classes              |
 *
 * @param requirement scopes, alternatives of scopes, permissions; nothing: any authenticated caller
 * @returns the decorator, for a class or a method
 * @throws ConfigurationError on a static method or one that is named by a symbol; at start-up for what is neither a scope nor
 *   a permission, and for a scope that no option names
 *
 * @example
 * ```ts
 * import { Delete, Get, JsonController } from 'routing-controllers';
 * import { Authorized } from 'routing-controllers-oauth2';
 *
 * @JsonController('/books')
 * export class BookController {
 *   @Authorized('books:read')
 *   @Get('/')
 *   list(): string[] {
 *     return [];
 *   }
 *
 *   @Authorized([['books:write'], ['admin']]) // one of the two
 *   @Delete('/')
 *   clear(): void {}
 * }
 * ```
 */
export function Authorized(requirement?: AuthorizedExpression): ClassOrMethodDecorator {
  const plain = (
    requirement === undefined ? PlainAuthorized() : PlainAuthorized(requirement)
  ) as ClassOrMethodDecorator;
  const marked = declaring((before) => before);
  return (target, method) => {
    plain(target, decorated(target, method).name);
    marked(target, method);
  };
}
