import { ConfigurationError } from '../../core/errors.js';
import { refuseOption } from '../../core/options/index.js';
import type { ScopeName } from '../../core/register.js';
import { declaredScopes } from '../../core/scopes.js';
import type { RequestAccess } from '../request-access.js';
import { type AccessRule, allOfRules, customRule, isUnchanged, RULE, tokenRule } from './access-rule.js';
import type { GuardedAction, Permission, ScopeAlternatives } from './permission.js';

/**
 * Requires all of the scopes; if there are none, any valid token is enough. The scopes come from `@RequiredScopes(...)`
 * on class and method, and from `requiredScopes` of a subclass.
 *
 * Override `getScopes` for scopes that depend on the request, or `hasPermission` for anything else. Modelled on the
 * class of the same name in Django OAuth Toolkit.
 *
 * @example
 * ```ts
 * import { Authorized, Delete, JsonController } from 'routing-controllers';
 * import { type GuardedAction, type RequestAccess, TokenHasScope } from 'routing-controllers-oauth2';
 *
 * class TenantScope extends TokenHasScope {
 *   override getScopes(access: RequestAccess, action: GuardedAction): string[] {
 *     return [...super.getScopes(access, action), `tenant:${String(access.query.tenant)}`];
 *   }
 * }
 *
 * @JsonController()
 * export class TenantController {
 *   @Authorized(TenantScope)
 *   @Delete('/data')
 *   clear(): void {}
 * }
 * ```
 */
export class TokenHasScope implements Permission {
  /** Scopes of a subclass, in addition to those of the action. */
  readonly requiredScopes?: readonly ScopeName[];
  readonly message?: string;

  get readsRequiredScopes(): boolean {
    return true;
  }

  /** The scopes that this request requires, as a new list that the caller may change. */
  getScopes(_access: RequestAccess, action: GuardedAction): ScopeName[] {
    return this.declared(action);
  }

  hasPermission(access: RequestAccess, action: GuardedAction): boolean | Promise<boolean> {
    return access.token !== undefined && access.hasScopes(this.getScopes(access, action));
  }

  scopeAlternatives(access: RequestAccess, action: GuardedAction): ScopeAlternatives | undefined {
    return [this.getScopes(access, action)];
  }

  validate(action: GuardedAction): void {
    if (this.needsDeclaration && action.requiredScopes === undefined && this.requiredScopes === undefined) {
      throw new ConfigurationError(
        `${this.constructor.name} has no scopes to require; add @RequiredScopes(...) to the action or its class (with no argument for any valid token).`,
      );
    }
    const where = `${this.constructor.name}.requiredScopes`;
    const own = this.requiredScopes ?? [];
    declaredScopes(own, where);
    if (own.some((scope) => scope.includes(' '))) {
      refuseOption(where, own, 'write one scope in each entry of the list');
    }
  }

  describe(action: GuardedAction): string {
    const scopes = this.declared(action).join(' ');
    return scopes === '' ? this.constructor.name : `${this.constructor.name}(${scopes})`;
  }

  /** @internal */
  [RULE](action: GuardedAction, method: string): AccessRule | undefined {
    return isUnchanged(this, TokenHasScope, 'hasPermission') ? this.tokenRule(action, method) : undefined;
  }

  /** @internal A token with the scopes of this method; they are unknown if a subclass derives them from the request. */
  protected tokenRule(action: GuardedAction, method: string): AccessRule {
    const scopes = this.scopesOfMethod(action, method);
    if (scopes !== undefined) return tokenRule(scopes);
    return allOfRules([tokenRule([]), customRule(this, action, 'scopes')]);
  }

  /** @internal The scopes that requests with this method need; `undefined` if `getScopes` is that of a subclass of the host. */
  protected scopesOfMethod(action: GuardedAction, _method: string): readonly string[] | undefined {
    return isUnchanged(this, TokenHasScope, 'getScopes', 'declared') ? this.declared(action) : undefined;
  }

  /** Whether using it without any declared scope is a mistake; one that has scopes of its own needs none. */
  protected get needsDeclaration(): boolean {
    return this.getScopes === TokenHasScope.prototype.getScopes;
  }

  /** The declared scopes of action and subclass, as a new list. */
  protected declared(action: GuardedAction): ScopeName[] {
    const own = this.requiredScopes;
    const scopes = action.requiredScopes === undefined ? [] : [...action.requiredScopes];
    if (own !== undefined) for (const scope of own) if (!scopes.includes(scope)) scopes.push(scope);
    return scopes;
  }
}
