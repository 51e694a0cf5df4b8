import { KnownRefusal } from '../../core/errors/known-refusal.js';
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
import { combineAlternatives, isSatisfied } from './scope-alternatives.js';

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

/** Why a request is refused; `undefined` if it is not. */
export type Decision = OAuth2Error | KnownRefusal | undefined;

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
  /** The refusals of callers without credentials, by the permission that refuses. */
  private readonly unauthenticated = new Map<Permission, KnownRefusal>();
  /** The refusals of tokens that lack the fixed scopes, by their scheme. */
  private readonly insufficient = new Map<'Bearer' | 'DPoP', KnownRefusal>();

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
   * if every permission allows.
   *
   * @throws what a permission throws; rejects with the same
   */
  refusal(access: RequestAccess): OAuth2Error | undefined | Promise<OAuth2Error | undefined> {
    return after(this.decide(access), (decision) =>
      decision instanceof KnownRefusal ? decision.again(access.scopes) : decision,
    );
  }

  /**
   * The same, with the known refusal in place of an error that says the same to everybody. It is returned, because
   * throwing it would cost several times as much as making it.
   */
  decide(access: RequestAccess): Decision | Promise<Decision> {
    return this.decideFrom(0, access, askAboutRequest, undefined);
  }

  /**
   * Asks the permissions about a loaded entity (`hasObjectPermission`).
   *
   * @throws AuthenticationRequiredError, InsufficientScopeError or AccessDeniedError (rejects) if one of them refuses
   */
  async checkObject(access: RequestAccess, object: unknown): Promise<void> {
    const decision = await this.decideFrom(0, access, askAboutObject, object);
    if (decision !== undefined) throw decision instanceof KnownRefusal ? decision.again(access.scopes) : decision;
  }

  private decideFrom(start: number, access: RequestAccess, ask: Ask, object: unknown): Decision | Promise<Decision> {
    for (let index = start; index < this.permissions.length; index += 1) {
      const permission = this.permissions[index] as Permission;
      const answer = ask(permission, access, this.action, object);
      if (answer === true) continue;
      return after(answer, (allowed) =>
        allowed === true ? this.decideFrom(index + 1, access, ask, object) : this.refusalBy(permission, access),
      );
    }
    return undefined;
  }

  private refusalBy(permission: Permission, access: RequestAccess): OAuth2Error | KnownRefusal {
    const { name } = permission.constructor;
    if (!access.isAuthenticated) return this.unauthenticatedBy(permission);
    const scheme = access.token === undefined ? 'Bearer' : schemeOf(access.token);
    if (this.fixedScopes !== undefined && permission.constructor === RequiresScopes) {
      return this.lackOf(this.fixedScopes, scheme);
    }
    const missing = permission.scopeAlternatives?.(access, this.action);
    if (missing === undefined || isSatisfied(missing, access)) {
      return withoutStack(AccessDeniedError, permission.message, { permission: name });
    }
    const required = onlyOf(this.scopesFor(access) ?? missing);
    return withoutStack(
      InsufficientScopeError,
      { requiredScopes: required, providedScopes: access.scopes, permission: name, scheme },
      permission.message,
    );
  }

  private unauthenticatedBy(permission: Permission): KnownRefusal {
    const known = this.unauthenticated.get(permission);
    if (known !== undefined) return known;
    const details = Object.freeze({ permission: permission.constructor.name });
    const made = new KnownRefusal(() => withoutStack(AuthenticationRequiredError, undefined, details));
    this.unauthenticated.set(permission, made);
    return made;
  }

  private lackOf(fixedScopes: ScopeAlternatives, scheme: 'Bearer' | 'DPoP'): KnownRefusal {
    const known = this.insufficient.get(scheme);
    if (known !== undefined) return known;
    const details = { requiredScopes: onlyOf(fixedScopes), permission: RequiresScopes.name, scheme };
    const made = new KnownRefusal((providedScopes) =>
      withoutStack(InsufficientScopeError, providedScopes === undefined ? details : { ...details, providedScopes }),
    );
    this.insufficient.set(scheme, made);
    return made;
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

/** The names alone if there is only one alternative. */
function onlyOf(alternatives: ScopeAlternatives): ScopeAlternatives | ScopeAlternatives[number] {
  return alternatives.length === 1 ? (alternatives[0] as ScopeAlternatives[number]) : alternatives;
}
