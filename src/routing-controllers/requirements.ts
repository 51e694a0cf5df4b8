import { ConfigurationError } from '../core/errors.js';
import { declaredScopes } from '../core/scopes.js';
import { toPermissions } from '../resource-server/permissions/expression.js';
import { AnyPrincipal, IsAuthenticated } from '../resource-server/permissions/is-authenticated.js';
import type { Permission } from '../resource-server/permissions/permission.js';
import { TokenHasScope } from '../resource-server/permissions/token-has-scope.js';
import type { ActionReference } from './action-reference.js';
import { classChain, ownAuthorized, ownDeclarations, type ThrottleDeclaration } from './declarations.js';

/** All that is declared for an action, on its class, its method and their ancestors. */
export interface DeclaredRequirement {
  readonly isPublic: boolean;
  /** Empty for a public action. */
  readonly permissions: readonly Permission[];
  readonly requiredScopes: readonly string[] | undefined;
  readonly throttles: readonly ThrottleDeclaration[];
  /** Whether a part of it stands on an ancestor only, where routing-controllers does not look. */
  readonly isInherited: boolean;
}

/** What stands at one level: on the classes, or on the method. */
interface Level {
  readonly where: string;
  readonly authorized: readonly unknown[][];
  readonly requiredScopes: readonly unknown[] | undefined;
  readonly isPublic: boolean;
  readonly throttles: readonly ThrottleDeclaration[];
  readonly isInherited: boolean;
}

/**
 * Reads the declarations of an action. What stands on classes adds up along the chain of ancestors; what stands on the
 * method is taken from the nearest class that declares it, so that an inherited action keeps its guard and an
 * overriding one may declare its own.
 *
 * @throws ConfigurationError for contradictory, stacked or unreadable declarations, and for none at all
 */
export function declaredRequirement(action: ActionReference): DeclaredRequirement {
  if (typeof action.method !== 'string')
    throw new ConfigurationError('is a method that is named by a symbol; name it by a string.');
  const chain = classChain(action.controller);
  const ofClass = classLevel(chain);
  const ofMethod = methodLevel(chain, action.method);
  const classRequires = requires(ofClass);
  const methodRequires = requires(ofMethod);
  refuseContradiction(ofClass, classRequires);
  refuseContradiction(ofMethod, methodRequires);
  const isPublic = ofMethod.isPublic || (ofClass.isPublic && !methodRequires);
  const throttles = [...ofClass.throttles, ...ofMethod.throttles];
  const isInherited = ofClass.isInherited || ofMethod.isInherited;
  if (isPublic && !action.needsUser)
    return { isPublic, permissions: [], requiredScopes: undefined, throttles, isInherited };
  if (!isPublic && !classRequires && !methodRequires) {
    throw new ConfigurationError(
      'declares no requirement: add @Authorized(...), @RequiredScopes(...) or @Public() to the method or its class.',
    );
  }
  if (action.verb === 'OPTIONS') {
    throw new ConfigurationError('guards OPTIONS, but a CORS preflight carries no credentials; make it @Public().');
  }
  const levels = isPublic ? [] : [ofClass, ofMethod];
  const requiredScopes = scopesOf(levels);
  const permissions = levels.flatMap((level) => level.authorized.flatMap((value) => toPermissions(value, level.where)));
  return {
    isPublic: false,
    permissions: completed(permissions, requiredScopes, action.needsUser),
    requiredScopes,
    throttles,
    isInherited,
  };
}

/** Adds what is meant without being written: required scopes that nobody reads, a bare `@Authorized()`, a user that is needed. */
export function completed(
  permissions: readonly Permission[],
  requiredScopes: readonly string[] | undefined,
  needsUser: boolean,
): readonly Permission[] {
  const all = [...permissions];
  if (requiredScopes !== undefined && !all.some((permission) => permission.readsRequiredScopes))
    all.push(new TokenHasScope());
  if (needsUser) all.push(new IsAuthenticated());
  return all.length === 0 ? [new AnyPrincipal()] : all;
}

function requires(level: Level): boolean {
  return level.authorized.length > 0 || level.requiredScopes !== undefined;
}

function refuseContradiction(level: Level, levelRequires: boolean): void {
  if (level.isPublic && levelRequires) {
    throw new ConfigurationError(`is both @Public() and guarded, by what stands on ${level.where}; keep one of them.`);
  }
}

function scopesOf(levels: readonly Level[]): readonly string[] | undefined {
  const declared = levels.filter((level) => level.requiredScopes !== undefined);
  if (declared.length === 0) return undefined;
  const scopes = declared.flatMap((level) =>
    declaredScopes(level.requiredScopes ?? [], `@RequiredScopes on ${level.where}`),
  );
  return Object.freeze([...new Set(scopes)]);
}

function classLevel(chain: readonly Function[]): Level {
  const declared = chain.map((one) => ownDeclarations(one, undefined));
  const authorized = chain.flatMap((one) => single(ownAuthorized(one, undefined), `the class ${one.name}`));
  const scopes = declared.map((one) => one.requiredScopes).filter((one) => one !== undefined);
  const ancestors = chain.slice(1);
  return {
    where: `the class ${(chain[0] as Function).name}${ancestors.length > 0 ? ' or its ancestors' : ''}`,
    authorized,
    requiredScopes: scopes.length === 0 ? undefined : scopes.flat(),
    isPublic: declared.some((one) => one.isPublic === true),
    throttles: declared.flatMap((one) => one.throttles ?? []),
    isInherited: ancestors.some((one) => declares(one, undefined)),
  };
}

function methodLevel(chain: readonly Function[], method: string): Level {
  const [controller] = chain as [Function];
  const nearest = <T>(read: (one: Function) => T | undefined): T | undefined => {
    for (const one of chain) {
      const value = read(one);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const authorized = nearest((one) => {
    const values = ownAuthorized(one, method);
    return values.length === 0 ? undefined : single(values, `${one.name}.${method}`);
  });
  return {
    where: `the method ${controller.name}.${method}`,
    authorized: authorized ?? [],
    requiredScopes: nearest((one) => ownDeclarations(one, method).requiredScopes),
    isPublic: nearest((one) => ownDeclarations(one, method).isPublic) === true,
    throttles: nearest((one) => ownDeclarations(one, method).throttles) ?? [],
    isInherited: inheritsUnseen(chain, method),
  };
}

/**
 * Whether ancestors add to a method what routing-controllers' own entry would not see. A decorator of this package on the
 * method itself leads the checker to all of it; an `@Authorized` there stands for itself alone.
 */
function inheritsUnseen([controller, ...ancestors]: readonly Function[], method: string): boolean {
  const own = controller as Function;
  if (Object.keys(ownDeclarations(own, method)).length > 0) return false;
  return ownAuthorized(own, method).length > 0
    ? ancestors.some((one) => Object.keys(ownDeclarations(one, method)).length > 0)
    : ancestors.some((one) => declares(one, method));
}

function declares(controller: Function, method: string | undefined): boolean {
  return ownAuthorized(controller, method).length > 0 || Object.keys(ownDeclarations(controller, method)).length > 0;
}

function single(values: unknown[][], where: string): unknown[][] {
  if (values.length > 1) {
    throw new ConfigurationError(
      `has ${values.length} @Authorized(...) on ${where}, of which routing-controllers uses one and drops the rest; join them into one, e.g. @Authorized(['a', 'b']).`,
    );
  }
  return values;
}
