import type { GuardedAction, Permission } from './permission.js';

/**
 * What is required of requests with one method, as data: plain, frozen, and the same each time. It is exact: a request is allowed
 * if and only if the rule holds for its caller. The kinds `custom` and `authenticationContext` say what data cannot say or what
 * scopes cannot; whether they hold is not known before the request.
 *
 * | kind                    | holds for                                                                                     |
 * | ----------------------- | --------------------------------------------------------------------------------------------- |
 * | `everybody`, `nobody`   | every caller, also without credentials; no caller                                             |
 * | `authenticated`         | a user or an application, by any credentials                                                  |
 * | `user`                  | a user, by any credentials; not an application alone                                          |
 * | `userWithoutToken`      | a user by other credentials than an access token, such as a session                           |
 * | `token`                 | an access token with all of these scopes; without scopes, any token                           |
 * | `allOf`, `anyOf`        | what all of the parts, or one of them, hold for                                               |
 * | `not`                   | what the part does not hold for                                                               |
 * | `authenticationContext` | a token that says so of the user's authentication (RFC 9470)                                  |
 * | `custom`                | what the code of a permission decides; `scopes` are those that are declared where it reads them |
 */
export type AccessRule =
  | {
      /** The kind of rule. */
      readonly kind: 'everybody' | 'nobody' | 'authenticated' | 'user' | 'userWithoutToken';
    }
  | {
      /** The kind of rule. */
      readonly kind: 'token';
      /** All of these; any token if there are none. */
      readonly scopes: readonly string[];
    }
  | {
      /** The kind of rule. */
      readonly kind: 'allOf' | 'anyOf';
      /** The rules that it consists of. */
      readonly parts: readonly AccessRule[];
    }
  | {
      /** The kind of rule. */
      readonly kind: 'not';
      /** The rule that must not hold. */
      readonly part: AccessRule;
    }
  | {
      /** The kind of rule. */
      readonly kind: 'authenticationContext';
      /** The authentication contexts of which the token must have one; `undefined`: any. */
      readonly acr: readonly string[] | undefined;
      /** How long ago the user may have signed in; `undefined`: any time. */
      readonly maxAgeSeconds: number | undefined;
    }
  | CustomRule;

/** A rule that is code. */
export interface CustomRule {
  /** The kind of rule. */
  readonly kind: 'custom';
  /** The class of the permission. */
  readonly name: string;
  /** What the permission says of itself; `undefined` if nothing. */
  readonly description: string | undefined;
  /** What is unknown: everything, or only which scopes a token needs, since `getScopes` is overridden. */
  readonly unknown: 'decision' | 'scopes';
  /** `@RequiredScopes` of the action, if the permission reads them. */
  readonly scopes: readonly string[] | undefined;
}

/** The method by which a permission of this package states its rule. */
export const RULE = Symbol('rule');

/** A permission that states its rule; `undefined` where a subclass decides by code of its own. */
export interface RuledPermission extends Permission {
  [RULE](action: GuardedAction, method: string): AccessRule | undefined;
}

export const EVERYBODY: AccessRule = Object.freeze({ kind: 'everybody' });
export const NOBODY: AccessRule = Object.freeze({ kind: 'nobody' });

/**
 * The rule of a permission for requests with this method.
 *
 * @param method upper case, never `ALL`
 */
export function ruleOf(permission: Permission, action: GuardedAction, method: string): AccessRule {
  const ruled = permission as Partial<RuledPermission>;
  return ruled[RULE]?.(action, method) ?? customRule(permission, action, 'decision');
}

/** What can be said of a permission that decides by code of the host. */
export function customRule(permission: Permission, action: GuardedAction, unknown: CustomRule['unknown']): CustomRule {
  return Object.freeze({
    kind: 'custom',
    name: permission.constructor.name,
    description: permission.describe?.(action),
    unknown,
    scopes: permission.readsRequiredScopes ? action.requiredScopes : undefined,
  });
}

/** Any token that has all of these scopes. */
export function tokenRule(scopes: readonly string[]): AccessRule {
  return Object.freeze({ kind: 'token', scopes: Object.freeze([...new Set(scopes)]) });
}

/** What all of the parts hold for; every part of a part that is itself such a list stands in this one. */
export function allOfRules(parts: readonly AccessRule[]): AccessRule {
  return listRule('allOf', parts, EVERYBODY);
}

/** What one of the parts holds for. */
export function anyOfRules(parts: readonly AccessRule[]): AccessRule {
  return listRule('anyOf', parts, NOBODY);
}

/** A token that has all scopes of one of the lists. */
export function alternativesRule(alternatives: readonly (readonly string[])[]): AccessRule {
  return anyOfRules(alternatives.map(tokenRule));
}

function listRule(kind: 'allOf' | 'anyOf', parts: readonly AccessRule[], none: AccessRule): AccessRule {
  const flat = parts.flatMap((part) =>
    part.kind === kind ? (part as { parts: readonly AccessRule[] }).parts : [part],
  );
  if (flat.length === 0) return none;
  return flat.length === 1 ? (flat[0] as AccessRule) : Object.freeze({ kind, parts: Object.freeze(flat) });
}

/** Whether a permission still has these methods from its class in this package, rather than from a subclass of the host. */
export function isUnchanged<One extends object>(
  permission: One,
  { prototype }: { readonly prototype: One },
  ...names: readonly PropertyKey[]
): boolean {
  return names.every((name) => Reflect.get(permission, name) === Reflect.get(prototype, name));
}
