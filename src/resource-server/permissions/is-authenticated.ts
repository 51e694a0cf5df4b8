import type { RequestAccess } from '../request-access.js';
import { type AccessRule, EVERYBODY, isUnchanged, RULE } from './access-rule.js';
import type { Permission } from './permission.js';

const A_USER: AccessRule = Object.freeze({ kind: 'user' });
const AUTHENTICATED: AccessRule = Object.freeze({ kind: 'authenticated' });

/**
 * Requires a user: by session, or by a token that acts for one. An application alone is not enough.
 *
 * @example
 * ```ts
 * import { Authorized, CurrentUser, Get, JsonController } from 'routing-controllers';
 * import { IsAuthenticated } from 'routing-controllers-oauth2';
 *
 * @JsonController()
 * export class ProfileController {
 *   @Authorized(IsAuthenticated)
 *   @Get('/profile')
 *   show(@CurrentUser() user: object): object {
 *     return user;
 *   }
 * }
 * ```
 */
export class IsAuthenticated implements Permission {
  readonly message: string = 'A user is needed: the credentials belong to an application alone.';

  hasPermission(access: RequestAccess): boolean {
    return access.principal.kind === 'user';
  }

  describe(): string {
    return this.constructor.name;
  }

  /** @internal */
  [RULE](): AccessRule | undefined {
    return isUnchanged(this, IsAuthenticated, 'hasPermission') ? A_USER : undefined;
  }
}

/**
 * Everybody, authenticated or not; credentials that are sent must be valid nevertheless (unlike with `@Public()`).
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { AllowAny } from 'routing-controllers-oauth2';
 *
 * @JsonController()
 * export class NewsController {
 *   @Authorized(AllowAny) // without a token 200, with a bad one 401
 *   @Get('/news')
 *   list(): string[] {
 *     return [];
 *   }
 * }
 * ```
 */
export class AllowAny implements Permission {
  hasPermission(): boolean {
    return true;
  }

  describe(): string {
    return this.constructor.name;
  }

  /** @internal */
  [RULE](): AccessRule | undefined {
    return isUnchanged(this, AllowAny, 'hasPermission') ? EVERYBODY : undefined;
  }
}

/** Any authenticated caller: a user or an application. The meaning of a bare `@Authorized()`. */
export class AnyPrincipal implements Permission {
  hasPermission(access: RequestAccess): boolean {
    return access.isAuthenticated;
  }

  describe(): string {
    return 'any principal';
  }

  [RULE](): AccessRule {
    return AUTHENTICATED;
  }
}
