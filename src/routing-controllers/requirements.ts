import { ConfigurationError } from '../core/errors.js';
import { declaredScopes } from '../core/scopes.js';
import { toPermissions } from '../resource-server/permissions/expression.js';
import { AnyPrincipal, IsAuthenticated } from '../resource-server/permissions/is-authenticated.js';
import type { Permission } from '../resource-server/permissions/permission.js';
import { RequiresScopes } from '../resource-server/permissions/requirement.js';
import { TokenHasScope } from '../resource-server/permissions/token-has-scope.js';
import type { ActionReference } from './action-reference.js';
import type { ThrottleDeclaration } from './declarations.js';
import { type DeclaredPlace, type DeclaredPlaces, declaredPlaces, requiresSomething } from './declared-places.js';
import { inheritsUnseen } from './unseen-places.js';

/** Everything that is declared for an action, on its class, its method and their ancestors. */
export interface DeclaredRequirement {
  readonly isPublic: boolean;
  /** Empty for a public action. */
  readonly permissions: readonly Permission[];
  readonly requiredScopes: readonly string[] | undefined;
  readonly throttles: readonly ThrottleDeclaration[];
  /** Whether a part of it is declared only on an ancestor, which routing-controllers ignores. */
  readonly isInherited: boolean;
  /** Whether the permissions are those of the option `defaultRequirement`, since no `@Authorized` is declared. */
  readonly isDefault: boolean;
}

/**
 * Reads the declarations of an action. Requirements and throttles of all classes and methods along the chain of
 * ancestors add up, so that a subclass can only be stricter. `@Public()` on a method lifts what its class and the
 * ancestors of that class require, but not what a subclass adds, which the author of the method could not know.
 *
 * The option `defaultRequirement` stands where no place declares `@Authorized` or `@Public`; what `@RequiredScopes` declares
 * comes on top of it.
 *
 * @param byDefault the permissions of the option; `undefined` if it is not set
 * @throws ConfigurationError for contradictory, stacked or unreadable declarations, and if there are none
 */
export function declaredRequirement(
  action: ActionReference,
  byDefault: readonly Permission[] | undefined,
): DeclaredRequirement {
  if (typeof action.method !== 'string')
    throw new ConfigurationError('is a method named by a symbol; name it by a string.');
  const places = declaredPlaces(action.controller, action.method);
  const all = [...places.classes, ...places.methods];
  refuseContradiction(places.classes);
  refuseContradiction(places.methods);
  const isPublic = isOpen(places);
  const throttles = all.flatMap((place) => place.throttles);
  const isInherited = inheritsUnseen(action, all, isPublic);
  if (isPublic && !action.needsUser)
    return { isPublic, permissions: [], requiredScopes: undefined, throttles, isInherited, isDefault: false };
  const isDefault = !isPublic && byDefault !== undefined && all.every(({ authorized }) => authorized === undefined);
  if (!isPublic && !isDefault && !all.some(requiresSomething)) {
    throw new ConfigurationError(
      'declares no requirement: add @Authorized(...), @RequiredScopes(...) or @Public() to the method or its class, or set the option defaultRequirement.',
    );
  }
  if (action.verb === 'OPTIONS') {
    throw new ConfigurationError('guards OPTIONS, but a CORS preflight carries no credentials; make it @Public().');
  }
  const requiring = isPublic ? [] : all;
  const requiredScopes = scopesOf(requiring);
  const permissions = isDefault ? byDefault : permissionsOf(requiring);
  const hasBare = requiring.some(({ authorized }) => authorized?.length === 0);
  return {
    isPublic: false,
    permissions: completed(permissions, { requiredScopes, hasBare, needsUser: action.needsUser }),
    requiredScopes,
    throttles,
    isInherited,
    isDefault,
  };
}

/** What is required beside permissions. */
interface Implied {
  readonly requiredScopes: readonly string[] | undefined;
  /** Whether one of the `@Authorized()` is bare. */
  readonly hasBare: boolean;
  readonly needsUser: boolean;
}

/** Adds what is implied: required scopes that no permission reads, a required user, and a bare `@Authorized()`. */
export function completed(
  permissions: readonly Permission[],
  { requiredScopes, hasBare, needsUser }: Implied,
): readonly Permission[] {
  const all = [...permissions];
  if (requiredScopes !== undefined && !all.some((permission) => permission.readsRequiredScopes))
    all.push(new TokenHasScope());
  if (needsUser) all.push(new IsAuthenticated());
  // Other permissions may let anonymous callers in.
  if (all.length === 0 || (hasBare && !all.some((one) => NEEDING_PRINCIPAL.has(one.constructor))))
    all.push(new AnyPrincipal());
  return all;
}

const NEEDING_PRINCIPAL: ReadonlySet<Function> = new Set([RequiresScopes, TokenHasScope, IsAuthenticated]);

/**
 * Whether everybody may call the action, provided that the classes do not contradict each other, and neither do the
 * methods.
 */
function isOpen({ classes, methods }: DeclaredPlaces): boolean {
  if (methods.some(requiresSomething)) return false;
  const opened = methods.find((place) => place.isPublic);
  if (opened === undefined) return classes.some((place) => place.isPublic);
  return !classes.some((place) => place.depth < opened.depth && requiresSomething(place));
}

/** Of two classes, or two methods of one name, neither lifts the requirement of the other. */
function refuseContradiction(places: readonly DeclaredPlace[]): void {
  const opened = places.find((place) => place.isPublic);
  const guarded = places.find(requiresSomething);
  if (opened === undefined || guarded === undefined) return;
  const both = places.find((place) => place.isPublic && requiresSomething(place));
  if (both !== undefined) {
    throw new ConfigurationError(`is both @Public() and guarded by declarations on ${both.name}; keep one of them.`);
  }
  const decorator = guarded.authorized === undefined ? '@RequiredScopes(...)' : '@Authorized(...)';
  throw new ConfigurationError(
    `is @Public() by ${opened.name} and guarded by ${decorator} on ${guarded.name}, which contradict each other; keep one of them.`,
  );
}

function permissionsOf(places: readonly DeclaredPlace[]): Permission[] {
  const known = new Set<unknown>();
  return places.flatMap(({ name, authorized = [] }) => {
    // What an overriding method repeats is checked once. Alternatives are kept as they are: each belongs to its list.
    const parts = authorized.filter((part) => Array.isArray(part) || !known.has(part));
    for (const part of parts) known.add(part);
    return toPermissions(parts, name);
  });
}

function scopesOf(places: readonly DeclaredPlace[]): readonly string[] | undefined {
  const declared = places.flatMap(({ name, requiredScopes }) =>
    requiredScopes === undefined ? [] : [declaredScopes(requiredScopes, `@RequiredScopes on ${name}`)],
  );
  return declared.length === 0 ? undefined : Object.freeze([...new Set(declared.flat())]);
}
