import { withoutStack } from '../../core/errors/without-stack.js';
import {
  AccessDeniedError,
  AuthenticationRequiredError,
  InsufficientScopeError,
  type OAuth2Error,
} from '../../core/errors.js';
import { after, nativePromise } from '../../core/promises.js';
import { schemeOf } from '../../core/verified-token.js';
import type { RequestAccess } from '../request-access.js';
import { type AccessRule, allOfRules, alternativesRule, RULE, ruleOf } from './access-rule.js';
import type { GuardedAction, Permission, ScopeAlternatives } from './permission.js';
import { combineAlternatives } from './scope-alternatives.js';

/** Scopes from `@Authorized(...)`: fixed at start-up, so that a request only looks them up. */
export class RequiresScopes implements Permission {
  private readonly only: readonly string[] | undefined;

  constructor(private readonly alternatives: ScopeAlternatives) {
    this.only = alternatives.length === 1 ? alternatives[0] : undefined;
  }

  hasPermission(access: RequestAccess): boolean {
    const token = access.token;
    if (token === undefined) return false;
    const { scopeSet } = token;
    if (this.only !== undefined) return hasAll(scopeSet, this.only);
    for (const scopes of this.alternatives) if (hasAll(scopeSet, scopes)) return true;
    return false;
  }

  scopeAlternatives(): ScopeAlternatives {
    return this.alternatives;
  }

  describe(): string {
    return this.alternatives.map((scopes) => scopes.join(' ')).join(' | ');
  }

  [RULE](): AccessRule {
    return alternativesRule(this.alternatives);
  }
}

function hasAll(scopeSet: ReadonlySet<string>, scopes: readonly string[]): boolean {
  for (const scope of scopes) if (!scopeSet.has(scope)) return false;
  return true;
}

type Ask = (
  permission: Permission,
  access: RequestAccess,
  action: GuardedAction,
  object: unknown,
) => boolean | Promise<boolean>;

const askAboutRequest: Ask = (permission, access, action) => nativePromise(permission.hasPermission(access, action));
const askAboutObject: Ask = (permission, access, action, object) =>
  permission.hasObjectPermission === undefined || nativePromise(permission.hasObjectPermission(access, action, object));

/** All permissions of one action, in the order in which they are asked. Created once, at start-up. */
export class Requirement {
  /** The scopes that every request needs; `undefined` if a permission derives its scopes from the request. */
  readonly fixedScopes: ScopeAlternatives | undefined;

  constructor(
    readonly action: GuardedAction,
    readonly permissions: readonly Permission[],
  ) {
    const naming = permissions.filter((one) => one.scopeAlternatives !== undefined);
    const fixed = naming.filter((one) => one instanceof RequiresScopes);
    if (fixed.length === naming.length)
      this.fixedScopes = combineAlternatives(fixed.map((one) => one.scopeAlternatives()));
  }

  /** @throws ConfigurationError if one of the permissions cannot work on the action */
  validate(): void {
    for (const permission of this.permissions) permission.validate?.(this.action);
  }

  describe(): string {
    return this.permissions.map((one) => one.describe?.(this.action) ?? one.constructor.name).join(', ');
  }

  /** What requests with this method need, as data. */
  rule(method: string): AccessRule {
    return allOfRules(this.permissions.map((one) => ruleOf(one, this.action, method)));
  }

  /**
   * Why the request is refused: an AuthenticationRequiredError, InsufficientScopeError or AccessDeniedError; `undefined`
   * if every permission allows. It is returned, because throwing it would cost several times as much as making it.
   *
   * @throws what a permission throws; rejects with the same
   */
  refusal(access: RequestAccess): OAuth2Error | undefined | Promise<OAuth2Error | undefined> {
    return this.refusalFrom(0, access, askAboutRequest, undefined);
  }

  /**
   * Asks the permissions about a loaded entity (`hasObjectPermission`).
   *
   * @throws AuthenticationRequiredError, InsufficientScopeError or AccessDeniedError (rejects) if one of them refuses
   */
  async checkObject(access: RequestAccess, object: unknown): Promise<void> {
    const refusal = await this.refusalFrom(0, access, askAboutObject, object);
    if (refusal !== undefined) throw refusal;
  }

  private refusalFrom(
    start: number,
    access: RequestAccess,
    ask: Ask,
    object: unknown,
  ): OAuth2Error | undefined | Promise<OAuth2Error | undefined> {
    for (let index = start; index < this.permissions.length; index += 1) {
      const permission = this.permissions[index] as Permission;
      const answer = ask(permission, access, this.action, object);
      if (answer === true) continue;
      return after(answer, (allowed) =>
        allowed === true ? this.refusalFrom(index + 1, access, ask, object) : this.refusalBy(permission, access),
      );
    }
    return undefined;
  }

  private refusalBy(permission: Permission, access: RequestAccess): OAuth2Error {
    const { name } = permission.constructor;
    if (!access.isAuthenticated) return withoutStack(AuthenticationRequiredError, undefined, { permission: name });
    const missing = permission.scopeAlternatives?.(access, this.action);
    if (missing === undefined || isSatisfied(missing, access)) {
      return withoutStack(AccessDeniedError, permission.message, { permission: name });
    }
    const required = this.scopesFor(access) ?? missing;
    return withoutStack(
      InsufficientScopeError,
      {
        requiredScopes: required.length === 1 ? required[0] : required,
        providedScopes: access.scopes,
        permission: name,
        scheme: access.token === undefined ? 'Bearer' : schemeOf(access.token),
      },
      permission.message,
    );
  }

  /**
   * The scopes that would be sufficient, and not only those that the first refusing permission misses (RFC 6750 §3.1).
   */
  scopesFor(access: RequestAccess): ScopeAlternatives | undefined {
    const named = this.permissions
      .map((one) => one.scopeAlternatives?.(access, this.action))
      .filter((one) => one !== undefined);
    return combineAlternatives(named);
  }
}

/** A permission that refuses although the token has its scopes refuses for another reason. */
function isSatisfied(alternatives: ScopeAlternatives, access: RequestAccess): boolean {
  return access.token !== undefined && alternatives.some((scopes) => access.hasScopes(scopes));
}
