import type { RequestAccess } from '../request-access.js';
import type { GuardedAction } from './permission.js';
import { TokenHasScope } from './token-has-scope.js';

/** A user who is known without a token (a session), or a token that has the required scopes. */
export class IsAuthenticatedOrTokenHasScope extends TokenHasScope {
  override hasPermission(access: RequestAccess, action: GuardedAction): boolean | Promise<boolean> {
    if (access.token === undefined) return access.principal.kind === 'user';
    return super.hasPermission(access, action);
  }
}
