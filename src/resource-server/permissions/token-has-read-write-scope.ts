import { isSafeMethod } from '../../core/methods.js';
import type { ScopeName } from '../../core/register.js';
import type { RequestAccess } from '../request-access.js';
import { isUnchanged } from './access-rule.js';
import type { GuardedAction } from './permission.js';
import { TokenHasScope } from './token-has-scope.js';

/**
 * The required scopes, and `readScope` for GET, HEAD and OPTIONS, `writeScope` for every other method. Write does not
 * imply read.
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController, Post } from 'routing-controllers';
 * import { RequiredScopes, TokenHasReadWriteScope } from 'routing-controllers-oauth2';
 *
 * @Authorized(TokenHasReadWriteScope)
 * @RequiredScopes('music')
 * @JsonController('/songs')
 * export class SongController {
 *   @Get('/') // needs "music read"
 *   list(): string[] {
 *     return [];
 *   }
 *
 *   @Post('/') // needs "music write"
 *   create(): void {}
 * }
 * ```
 */
export class TokenHasReadWriteScope extends TokenHasScope {
  override getScopes(access: RequestAccess, action: GuardedAction): ScopeName[] {
    return this.withVerb(action, access.method);
  }

  /** @internal */
  protected override scopesOfMethod(action: GuardedAction, method: string): readonly string[] | undefined {
    const isOurs = isUnchanged(this, TokenHasReadWriteScope, 'getScopes', 'declared');
    return isOurs ? this.withVerb(action, method) : undefined;
  }

  private withVerb(action: GuardedAction, method: string): string[] {
    const scopes = this.declared(action);
    scopes.push(isSafeMethod(method) ? action.readScope : action.writeScope);
    return scopes;
  }

  protected override get needsDeclaration(): boolean {
    return false;
  }
}
