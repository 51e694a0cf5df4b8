import type { RequestAccess } from '../request-access.js';
import { type AccessRule, anyOfRules, isUnchanged, RULE } from './access-rule.js';
import type { GuardedAction } from './permission.js';
import { TokenHasScope } from './token-has-scope.js';

const WITHOUT_TOKEN: AccessRule = Object.freeze({ kind: 'userWithoutToken' });

/**
 * A user who is authenticated without a token (a session), or a token with the required scopes.
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { IsAuthenticatedOrTokenHasScope, RequiredScopes } from 'routing-controllers-oauth2';
 *
 * @JsonController()
 * export class OrderController {
 *   @Authorized(IsAuthenticatedOrTokenHasScope) // the site by its session, other applications by a token
 *   @RequiredScopes('orders')
 *   @Get('/orders')
 *   list(): string[] {
 *     return [];
 *   }
 * }
 * ```
 */
export class IsAuthenticatedOrTokenHasScope extends TokenHasScope {
  override hasPermission(access: RequestAccess, action: GuardedAction): boolean | Promise<boolean> {
    if (access.token === undefined) return access.principal.kind === 'user';
    return super.hasPermission(access, action);
  }

  /** @internal */
  override [RULE](action: GuardedAction, method: string): AccessRule | undefined {
    if (!isUnchanged(this, IsAuthenticatedOrTokenHasScope, 'hasPermission')) return undefined;
    return anyOfRules([WITHOUT_TOKEN, this.tokenRule(action, method)]);
  }
}
