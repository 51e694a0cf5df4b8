import type { ScopeName } from '../../core/register.js';
import type { RequestAccess } from '../request-access.js';

/** The action of a request, as permissions see it. */
export interface GuardedAction {
  /** The controller class that serves the action. */
  readonly controller: Function;
  /** The controller's method. */
  readonly method: string;
  /** The HTTP method it is registered for, upper case; `ALL` for `@All`. */
  readonly verb: string;
  /** The path of the action, with its prefixes, as the router knows it. */
  readonly path: string;
  /** `@RequiredScopes` of the class and of the method, together; `undefined` if neither declares any. */
  readonly requiredScopes: readonly ScopeName[] | undefined;
  /** The names of the scopes that `TokenHasReadWriteScope` and `TokenHasResourceScope` use. */
  readonly readScope: string;
  /** The option `writeScope`. */
  readonly writeScope: string;
}

/** Alternatives of scopes: any one of the lists, and all scopes in it. */
export type ScopeAlternatives = readonly (readonly ScopeName[])[];

/** Decides whether a principal may make a request to an action. */
export interface Permission {
  /**
   * Whether the request is allowed. For a specific response, throw an `OAuth2Error`, an `HttpError` of
   * routing-controllers, or call `access.context.throw(...)`. Any other error refuses the request with 500.
   */
  hasPermission(access: RequestAccess, action: GuardedAction): boolean | Promise<boolean>;
  /** Whether the request may access this entity; called by `access.checkObject(entity)`. Without it: yes. */
  hasObjectPermission?(access: RequestAccess, action: GuardedAction, object: unknown): boolean | Promise<boolean>;
  /** The scopes that would be sufficient, for the refusal; `undefined` if no scope would help. */
  scopeAlternatives?(access: RequestAccess, action: GuardedAction): ScopeAlternatives | undefined;
  /** Called once at start-up. @throws ConfigurationError if the permission cannot work on this action */
  validate?(action: GuardedAction): void;
  /** A short description for the table of routes. */
  describe?(action: GuardedAction): string;
  /** Whether it reads `@RequiredScopes`; if none of an action's permissions does, the scopes are required as such. */
  readonly readsRequiredScopes?: boolean;
  /** The public description of its refusal. */
  readonly message?: string;
}

/** A permission, or its class, which is then instantiated once without arguments. */
export type PermissionLike = Permission | (new () => Permission);

/** Whether a value is a permission object. */
export function isPermission(value: unknown): value is Permission {
  return typeof value === 'object' && value !== null && typeof (value as Permission).hasPermission === 'function';
}

/** Whether a value is a class of permissions. */
export function isPermissionClass(value: unknown): value is new () => Permission {
  return typeof value === 'function' && typeof value.prototype?.hasPermission === 'function';
}
