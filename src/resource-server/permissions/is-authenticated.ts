import type { RequestAccess } from '../request-access.js';
import type { Permission } from './permission.js';

/** A user is needed: by session, or by a token that acts for one. An application alone is not enough. */
export class IsAuthenticated implements Permission {
  readonly message: string = 'A user is needed: the credentials belong to an application alone.';

  hasPermission(access: RequestAccess): boolean {
    return access.principal.kind === 'user';
  }

  describe(): string {
    return 'IsAuthenticated';
  }
}

/** Anybody, known or not; credentials that are presented are checked all the same (unlike `@Public()`). */
export class AllowAny implements Permission {
  hasPermission(): boolean {
    return true;
  }

  describe(): string {
    return 'AllowAny';
  }
}

/** Anybody who is known: a user, or an application. What a bare `@Authorized()` means. */
export class AnyPrincipal implements Permission {
  hasPermission(access: RequestAccess): boolean {
    return access.isAuthenticated;
  }

  describe(): string {
    return 'any principal';
  }
}
