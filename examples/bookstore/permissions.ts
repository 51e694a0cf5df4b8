import { type GuardedAction, type Permission, type RequestAccess, TokenHasScope } from 'routing-controllers-oauth2';
import type { User } from './users.js';

/** Staff, by token or session, whatever the scopes; everybody else needs them. */
export class AdminOrTokenHasScope extends TokenHasScope {
  override hasPermission(access: RequestAccess<User>, action: GuardedAction): boolean | Promise<boolean> {
    if (access.user?.isStaff) return true;
    return super.hasPermission(access, action);
  }
}

/** Something that belongs to a user. */
interface Owned {
  readonly userId: string;
}

/** Any authenticated caller may ask; the owner of the entity may see it, and a token with the scopes may see all. */
export class ResourceOwnerOrTokenHasScope extends TokenHasScope {
  override hasPermission(access: RequestAccess): boolean {
    return access.isAuthenticated;
  }

  hasObjectPermission(access: RequestAccess, action: GuardedAction, object: Owned): boolean | Promise<boolean> {
    if (access.userId !== undefined && object.userId === access.userId) return true;
    return super.hasPermission(access, action);
  }
}

/** The scopes depend on the request. */
export class ConditionalTokenScope extends TokenHasScope {
  override getScopes(access: RequestAccess, action: GuardedAction): string[] {
    const scopes = super.getScopes(access, action);
    if (includesSensitive(access)) scopes.push('sensitive_data');
    if (['PUT', 'PATCH', 'DELETE'].includes(access.method)) scopes.push('modify');
    return scopes;
  }
}

/** Whether `include_sensitive` has any value; shared, so that the permission and the controller agree. */
export function includesSensitive({ query }: Pick<RequestAccess, 'query'>): boolean {
  const values = [query.include_sensitive].flat();
  return values.some((value) => value !== undefined && value !== '');
}

/** A session is needed: a token cannot sign a browser out. */
export class HasSession implements Permission {
  readonly message = 'A session is needed.';

  hasPermission(access: RequestAccess): boolean {
    return access.authType === 'session';
  }

  describe(): string {
    return 'HasSession';
  }
}
