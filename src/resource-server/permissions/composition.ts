import { OAuth2Error } from '../../core/errors.js';
import { httpErrorStatus } from '../../core/http-errors.js';
import { refuseOption } from '../../core/options/index.js';
import { after, nativePromise } from '../../core/promises.js';
import type { RequestAccess } from '../request-access.js';
import { type AccessRule, allOfRules, anyOfRules, RULE, ruleOf } from './access-rule.js';
import { type PermissionExpression, toPermission } from './expression.js';
import type { GuardedAction, Permission, ScopeAlternatives } from './permission.js';
import { combineAlternatives, isSatisfied } from './scope-alternatives.js';

type Answer = boolean | Promise<boolean>;

/**
 * Asks the permissions in order until one answers `decisive`; returns a promise only if one of them does. Anything but
 * `true` is a refusal, as in a requirement.
 */
function firstOf(
  permissions: readonly Permission[],
  decisive: boolean,
  ask: (permission: Permission) => Answer,
): Answer {
  function from(index: number): Answer {
    for (let next = index; next < permissions.length; next += 1) {
      const answer = ask(permissions[next] as Permission);
      if (answer instanceof Promise)
        return answer.then((value) => ((value === true) === decisive ? decisive : from(next + 1)));
      if ((answer === true) === decisive) return decisive;
    }
    return !decisive;
  }
  return from(0);
}

function then(answer: Answer, next: () => Answer): Answer {
  return after(answer, (value) => value === true && next());
}

/** An answer that is neither `true` nor `false` has no opposite: it refuses. */
function opposite(answer: Answer): Answer {
  return after(answer, (value) => value === false);
}

function requestAnswer(permission: Permission, access: RequestAccess, action: GuardedAction): Answer {
  return nativePromise(permission.hasPermission(access, action));
}

function objectAnswer(permission: Permission, access: RequestAccess, action: GuardedAction, object: unknown): Answer {
  if (permission.hasObjectPermission === undefined) return true;
  return nativePromise(permission.hasObjectPermission(access, action, object));
}

/**
 * Asks the permissions in order until one allows. One that throws an error with a response of its own (an
 * `OAuth2Error`, an `HttpError`, `ctx.throw`) has not allowed; the others are asked nevertheless, so that their order
 * does not matter, and if none of them allows, the first such error is the response. Any other error is a fault and
 * ends the evaluation.
 */
function anyAllows(permissions: readonly Permission[], ask: (permission: Permission) => Answer): Answer {
  let thrown: unknown;
  function refused(error: unknown): boolean {
    if (!(error instanceof OAuth2Error) && httpErrorStatus(error) === undefined) throw error;
    thrown ??= error;
    return false;
  }
  function askOne(permission: Permission): Answer {
    try {
      const answer = ask(permission);
      return answer instanceof Promise ? answer.catch(refused) : answer;
    } catch (error) {
      return refused(error);
    }
  }
  function conclude(allowed: boolean): boolean {
    if (!allowed && thrown !== undefined) throw thrown;
    return allowed;
  }
  return after(firstOf(permissions, true, askOne), conclude);
}

abstract class Composition implements Permission {
  readonly permissions: readonly Permission[];
  protected abstract readonly name: string;

  constructor(parts: readonly PermissionExpression[], where: string) {
    if (parts.length === 0) refuseOption(where, parts, 'name at least one permission');
    this.permissions = parts.map((part) => toPermission(part, where));
  }

  get readsRequiredScopes(): boolean {
    return this.permissions.some((permission) => permission.readsRequiredScopes === true);
  }

  get message(): string | undefined {
    return this.permissions.find((permission) => permission.message !== undefined)?.message;
  }

  abstract hasPermission(access: RequestAccess, action: GuardedAction): Answer;

  validate(action: GuardedAction): void {
    for (const permission of this.permissions) permission.validate?.(action);
  }

  describe(action: GuardedAction): string {
    const parts = this.permissions.map((one) => one.describe?.(action) ?? one.constructor.name);
    return `${this.name}(${parts.join(', ')})`;
  }

  [RULE](action: GuardedAction, method: string): AccessRule {
    return this.combined(this.permissions.map((one) => ruleOf(one, action, method)));
  }

  protected abstract combined(rules: readonly AccessRule[]): AccessRule;
}

class AllOf extends Composition {
  protected readonly name = 'allOf';

  hasPermission(access: RequestAccess, action: GuardedAction): Answer {
    return firstOf(this.permissions, false, (one) => requestAnswer(one, access, action));
  }

  hasObjectPermission(access: RequestAccess, action: GuardedAction, object: unknown): Answer {
    return firstOf(this.permissions, false, (one) => objectAnswer(one, access, action, object));
  }

  scopeAlternatives(access: RequestAccess, action: GuardedAction): ScopeAlternatives | undefined {
    const named = this.permissions
      .map((one) => one.scopeAlternatives?.(access, action))
      .filter((one) => one !== undefined);
    if (named.length === 0) return undefined;
    const combined = combineAlternatives(named);
    if (combined !== undefined || !access.isAuthenticated) return combined;
    // Too many to list together, so those of one part, as in a requirement; who has no credentials is not asked for a part.
    return named.find((one) => !isSatisfied(one, access));
  }

  protected combined(rules: readonly AccessRule[]): AccessRule {
    return allOfRules(rules);
  }
}

class AnyOf extends Composition {
  protected readonly name = 'anyOf';

  hasPermission(access: RequestAccess, action: GuardedAction): Answer {
    return anyAllows(this.permissions, (one) => requestAnswer(one, access, action));
  }

  /** The alternative that allows the object must also allow the request. */
  hasObjectPermission(access: RequestAccess, action: GuardedAction, object: unknown): Answer {
    return anyAllows(this.permissions, (one) =>
      then(requestAnswer(one, access, action), () => objectAnswer(one, access, action, object)),
    );
  }

  scopeAlternatives(access: RequestAccess, action: GuardedAction): ScopeAlternatives | undefined {
    const named = this.permissions.flatMap((one) => one.scopeAlternatives?.(access, action) ?? []);
    return named.length === 0 ? undefined : named;
  }

  protected combined(rules: readonly AccessRule[]): AccessRule {
    return anyOfRules(rules);
  }
}

class Not extends Composition {
  protected readonly name = 'not';

  override get message(): undefined {
    return undefined;
  }

  hasPermission(access: RequestAccess, action: GuardedAction): Answer {
    return opposite(requestAnswer(this.permissions[0] as Permission, access, action));
  }

  hasObjectPermission(access: RequestAccess, action: GuardedAction, object: unknown): Answer {
    const [permission] = this.permissions as [Permission];
    if (!decidesOnObjects(permission)) return true;
    return opposite(objectAnswer(permission, access, action, object));
  }

  protected combined([part]: readonly AccessRule[]): AccessRule {
    return Object.freeze({ kind: 'not', part: part as AccessRule });
  }
}

/** The permissions that one is composed of; itself if it is no composition. */
export function leavesOf(permission: Permission): readonly Permission[] {
  return permission instanceof Composition ? permission.permissions.flatMap(leavesOf) : [permission];
}

/** Whether a permission, or one that it is composed of, checks objects. */
function decidesOnObjects(permission: Permission): boolean {
  return objectPermissions(permission).length > 0;
}

/** The permission, or those that it is composed of, as far as they check objects. */
export function objectPermissions(permission: Permission): readonly Permission[] {
  return leavesOf(permission).filter((one) => one.hasObjectPermission !== undefined);
}

/**
 * Allows if all of them allow.
 *
 * @param parts scopes (a string is one or several, all of them required), permissions, or their classes
 * @returns the permission
 * @throws ConfigurationError if there is no part, or one is none of these
 *
 * @example
 * ```ts
 * import { Authorized, Delete, JsonController } from 'routing-controllers';
 * import { allOf, anyOf, IsAuthenticated, type Permission, type RequestAccess } from 'routing-controllers-oauth2';
 *
 * interface User {
 *   readonly staff?: boolean;
 * }
 *
 * class IsStaff implements Permission {
 *   hasPermission({ user }: RequestAccess<User>): boolean {
 *     return user?.staff === true;
 *   }
 * }
 *
 * @JsonController()
 * export class CleanUpController {
 *   @Authorized(allOf(IsAuthenticated, anyOf(IsStaff, 'clean-up')))
 *   @Delete('/old')
 *   remove(): void {}
 * }
 * ```
 */
export function allOf(...parts: [PermissionExpression, ...PermissionExpression[]]): Permission {
  return new AllOf(parts, 'allOf(...)');
}

/**
 * Allows if one of them allows, even if another throws an error with a response of its own (404, 451), which counts as
 * a refusal. If all refuse, the first such error is the response.
 *
 * @param parts scopes (a string is one or several, all of them required), permissions, or their classes
 * @returns the permission
 * @throws ConfigurationError if there is no part, or one is none of these
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { anyOf } from 'routing-controllers-oauth2';
 *
 * @JsonController()
 * export class ReportController {
 *   @Authorized(anyOf('reports', 'reports:sales admin'))
 *   @Get('/reports/sales')
 *   sales(): string[] {
 *     return [];
 *   }
 * }
 * ```
 */
export function anyOf(...parts: [PermissionExpression, ...PermissionExpression[]]): Permission {
  return new AnyOf(parts, 'anyOf(...)');
}

/**
 * Refuses the callers that the other permission allows. It allows callers without credentials, so combine it:
 * `allOf(IsAuthenticated, not(…))`.
 *
 * @param part scopes, a permission, or its class
 * @returns the permission
 * @throws ConfigurationError if it is none of these
 *
 * @example
 * ```ts
 * import { Authorized, JsonController, Post } from 'routing-controllers';
 * import { allOf, IsAuthenticated, not, type Permission, type RequestAccess } from 'routing-controllers-oauth2';
 *
 * interface User {
 *   readonly plan: string;
 * }
 *
 * class IsOnTrial implements Permission {
 *   hasPermission({ user }: RequestAccess<User>): boolean {
 *     return user?.plan === 'trial';
 *   }
 * }
 *
 * @JsonController()
 * export class ExportController {
 *   @Authorized(allOf(IsAuthenticated, not(IsOnTrial)))
 *   @Post('/exports')
 *   create(): void {}
 * }
 * ```
 */
export function not(part: PermissionExpression): Permission {
  return new Not([part], 'not(...)');
}
