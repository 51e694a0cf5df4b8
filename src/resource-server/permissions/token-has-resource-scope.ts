import { isSafeMethod } from '../../core/methods.js';
import { refuseOption } from '../../core/options/index.js';
import type { ScopeName } from '../../core/register.js';
import { declaredScopes } from '../../core/scopes.js';
import type { RequestAccess } from '../request-access.js';
import { isUnchanged } from './access-rule.js';
import type { GuardedAction } from './permission.js';
import { TokenHasScope } from './token-has-scope.js';

/** Resources with the scopes that each needs, e.g. `{ users: ['user:read'] }`. */
export type ResourceScopes = Readonly<Record<string, readonly ScopeName[]>>;

/**
 * The required scopes name resources: `music` requires `music:read` for GET, HEAD and OPTIONS, otherwise `music:write`.
 * For a resource in the map of a subclass (`requiredAlternateScopes`) or of the constructor, the map lists the scopes.
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController, Post } from 'routing-controllers';
 * import { RequiredScopes, TokenHasResourceScope } from 'routing-controllers-oauth2';
 *
 * @Authorized(TokenHasResourceScope)
 * @RequiredScopes('music')
 * @JsonController('/songs')
 * export class SongController {
 *   @Get('/') // needs music:read
 *   list(): string[] {
 *     return [];
 *   }
 *
 *   @Post('/') // needs music:write
 *   create(): void {}
 * }
 * ```
 */
export class TokenHasResourceScope extends TokenHasScope {
  /** The sets of scopes by method, of which one suffices. */
  readonly requiredAlternateScopes?: ResourceScopes;

  constructor(resources?: ResourceScopes) {
    super();
    if (resources !== undefined) this.requiredAlternateScopes = resources;
  }

  override getScopes(access: RequestAccess, action: GuardedAction): ScopeName[] {
    return this.ofResources(this.getRequiredAlternateScopes(access, action), action, access.method);
  }

  /** @internal */
  protected override scopesOfMethod(action: GuardedAction, method: string): readonly string[] | undefined {
    const names = ['getScopes', 'getRequiredAlternateScopes', 'declared'];
    if (!isUnchanged(this, TokenHasResourceScope, ...names)) return undefined;
    return this.ofResources(this.requiredAlternateScopes, action, method);
  }

  private ofResources(map: ResourceScopes | undefined, action: GuardedAction, method: string): string[] {
    const suffix = isSafeMethod(method) ? action.readScope : action.writeScope;
    return this.declared(action).flatMap((resource) => {
      const named = map !== undefined && Object.hasOwn(map, resource) ? map[resource] : undefined;
      // A resource that is named without scopes would be open to every token.
      return named === undefined || named.length === 0 ? [`${resource}:${suffix}`] : [...named];
    });
  }

  /** The map of resources for this request; override it for one that depends on the request. */
  getRequiredAlternateScopes(_access: RequestAccess, _action: GuardedAction): ResourceScopes | undefined {
    return this.requiredAlternateScopes;
  }

  protected override get needsDeclaration(): boolean {
    return this.getScopes === TokenHasResourceScope.prototype.getScopes;
  }

  override validate(action: GuardedAction): void {
    super.validate(action);
    for (const [resource, scopes] of Object.entries(this.requiredAlternateScopes ?? {})) {
      const where = `${this.constructor.name}.requiredAlternateScopes.${resource}`;
      if (!Array.isArray(scopes) || scopes.length === 0) refuseOption(where, scopes, 'give a list of scopes');
      declaredScopes(scopes, where);
    }
  }
}
