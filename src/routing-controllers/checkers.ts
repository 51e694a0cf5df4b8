import type { Context } from 'koa';
import { type Action, getMetadataArgsStorage, type RoutingControllersOptions } from 'routing-controllers';
import { after } from '../core/promises.js';
import { declaredScopes } from '../core/scopes.js';
import { keepVary } from '../resource-server/authentication/vary.js';
import { toPermissions } from '../resource-server/permissions/expression.js';
import type { Permission } from '../resource-server/permissions/permission.js';
import { type ActionReference, needsUser } from './action-reference.js';
import type { PlanCompiler } from './compile.js';
import { DeclarationMark, ownAuthorized, ownDeclarations } from './declarations.js';
import { isVaryDeclared } from './declared-vary.js';
import { actionsMetadata, responseHandlersMetadata } from './fast/metadata-index.js';
import { type Guard, isClosedToOptions } from './guard.js';
import { answerOptions } from './options-requests.js';
import type { ActionPlan } from './plan.js';
import { accessOrUnguarded } from './request-state.js';
import { completed } from './requirements.js';

/** The checkers, to be spread into the options of routing-controllers' own `createKoaServer` or `useKoaServer`. */
export type CheckerOptions = Required<Pick<RoutingControllersOptions, 'authorizationChecker' | 'currentUserChecker'>>;

/**
 * Signals to routing-controllers that the request has been answered already. A checker can only resolve to true, and
 * the action runs, or to false, and the response is written again. This is neither: a thenable that never calls back,
 * so the request ends here. If a checker of the host wraps this one and awaits it, it passes a rejection callback as
 * well, and gets `false`: the action must not run, and the request must not hang.
 */
const ANSWERED = {
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what routing-controllers is to see
  then(answered: (allowed: boolean) => unknown, failed?: unknown) {
    if (failed !== undefined) answered(false);
    return { catch: () => Promise.resolve() };
  },
} as unknown as Promise<boolean>;

/** Creates the two checkers of routing-controllers for a guard. */
export function checkers(guard: Guard, compiler: PlanCompiler): CheckerOptions {
  // routing-controllers passes the same array for every request to one action.
  const plans = new WeakMap<readonly unknown[], ActionPlan>();
  // Refusals are reported under this plan if the declarations of their own action cannot be read.
  const undeclared = unguardedPlan(compiler);

  function planOf(roles: readonly unknown[]): ActionPlan {
    let plan = plans.get(roles);
    if (plan === undefined) {
      plan = planFromRoles(roles, compiler);
      plans.set(roles, plan);
    }
    return plan;
  }

  // Determined at the first request, when all decorators have run.
  let varyDeclared: boolean | undefined;

  function admitted(context: Context): true {
    varyDeclared ??= isVaryDeclared();
    if (varyDeclared) keepVary(context.res);
    return true;
  }

  return {
    authorizationChecker(action: Action, roles: readonly unknown[]) {
      const context = action.context as Context;
      let plan = undeclared;
      let entered: ReturnType<Guard['enter']>;
      try {
        plan = planOf(roles);
        if (isClosedToOptions(context, plan)) {
          answerOptions(context);
          return ANSWERED;
        }
        entered = guard.enter(context, plan);
      } catch (error) {
        throw guard.refusals.thrownByChecker(action, plan, error);
      }
      return after(
        entered,
        (refusal) => {
          if (refusal !== undefined) throw guard.refusals.thrownByChecker(action, plan, refusal);
          return admitted(context);
        },
        (error) => {
          throw guard.refusals.thrownByChecker(action, plan, error);
        },
      );
    },
    currentUserChecker: currentUserChecker(guard, compiler),
  };
}

/** The plan of an action about which nothing is known. */
function unguardedPlan(compiler: PlanCompiler): ActionPlan {
  return compiler.plan(
    { controller: Object, method: '', verb: 'ALL', path: '' },
    { isPublic: true, permissions: [], requiredScopes: undefined, throttles: [] },
  );
}

/** Gives `@CurrentUser()` the user that the guard found; for an action without a guard, it identifies the user now. */
export function currentUserChecker(guard: Guard, compiler: PlanCompiler): CheckerOptions['currentUserChecker'] {
  const unguarded = unguardedPlan(compiler);
  return (action: Action) => {
    const context = action.context as Context;
    const access = accessOrUnguarded(context, guard, unguarded);
    return after(access, (known) => known.user);
  };
}

/**
 * The plan for the roles that routing-controllers passes. If a decorator of this package is on the method, its mark
 * leads to all declarations. Otherwise there are only the roles: the values of class and method in one list. A mark on the
 * class leads to what that declares; without one, only the identity of the arrays shows which `@Authorized` they come from.
 */
function planFromRoles(roles: readonly unknown[], compiler: PlanCompiler): ActionPlan {
  const marks = roles.filter((role) => role instanceof DeclarationMark);
  const methodMark = marks.find((mark) => mark.method !== undefined);
  if (methodMark?.method !== undefined) {
    const action = referenceOf(methodMark.controller, methodMark.method);
    return compiler.plan(action, compiler.declared(action));
  }
  const [classMark] = marks;
  const controller = classMark?.controller ?? Object;
  const ofClass = ownDeclarations(controller, undefined);
  const authorizedOfClass = ownAuthorized(controller, undefined);
  // The mark ends what the class declares. An @Authorized above the decorator that made the mark is not among the roles.
  const places =
    classMark === undefined ? placesOf(roles) : [...authorizedOfClass, roles.slice(roles.indexOf(classMark) + 1)];
  const requiredScopes =
    ofClass.requiredScopes === undefined ? undefined : declaredScopes(ofClass.requiredScopes, '@RequiredScopes');
  const hasBare = authorizedOfClass.some(({ length }) => length === 0) || mayBeBare(roles);
  // No @Authorized but perhaps a bare one of the method.
  const isBare = classMark !== undefined && authorizedOfClass.length === 0 && places.flat().length === 0;
  const isPublic = isBare && ofClass.isPublic === true && requiredScopes === undefined && !hasBare;
  // A class that is only throttled, say, leaves its actions to the default.
  const isDefault = isBare && ofClass.isPublic !== true;
  const permissions: Permission[] = [
    ...(isDefault ? (compiler.defaultRequirement ?? []) : []),
    ...places.flatMap((place) => toPermissions(place, '@Authorized(...)')),
  ];
  return compiler.plan(
    { controller, method: '', verb: 'ALL', path: '' },
    {
      isPublic,
      permissions: completed(permissions, { requiredScopes, hasBare, needsUser: false }),
      requiredScopes,
      throttles: ofClass.throttles ?? [],
    },
  );
}

/**
 * Whether the class or the method may have a bare `@Authorized()`. It adds no role, so requests to its action look like those
 * to others with the same roles. Then all of these need a principal, and none is public.
 */
function mayBeBare(roles: readonly unknown[]): boolean {
  return getMetadataArgsStorage().responseHandlers.some(({ target, method }) => {
    const places = [rolesAt(target, undefined), rolesAt(target, method)].filter((place) => place !== undefined);
    return places.some(({ length }) => length === 0) && areSame(places.flat(), roles);
  });
}

/**
 * The roles by the class and the method that declare them, where no mark says it. The alternatives of both must be satisfied;
 * merging them into one list would be weaker. Where lists are shared, roles may be those of several actions: then the
 * requirements of all of these hold. Roles that are those of none may be divided anywhere.
 */
function placesOf(roles: readonly unknown[]): unknown[][] {
  const alternatives = roles.filter((role) => Array.isArray(role));
  const known = getMetadataArgsStorage().responseHandlers.flatMap(({ target, method }) => {
    const ofClass = alternativesOf(target, undefined);
    const all = method === undefined ? ofClass : [...ofClass, ...alternativesOf(target, method)];
    return areSame(all, alternatives) ? [ofClass.length] : [];
  });
  const divisions = new Set(known.length > 0 ? known : alternatives.keys());
  const parts = [...divisions].flatMap((at) => [alternatives.slice(0, at), alternatives.slice(at)]);
  return [roles.filter((role) => !Array.isArray(role)), ...parts];
}

/** The alternatives that routing-controllers finds at a class or a method. */
function alternativesOf(controller: Function, method: string | undefined): unknown[] {
  return [rolesAt(controller, method)].flat().filter((role) => Array.isArray(role));
}

/** The roles that routing-controllers finds at a class or a method; `undefined` if no `@Authorized` is there. */
function rolesAt(controller: Function, method: string | undefined): unknown[] | undefined {
  const authorized = responseHandlersMetadata.of(controller, method).find(({ type }) => type === 'authorized');
  return authorized && [authorized.value || []].flat();
}

function areSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((one, index) => one === others[index]);
}

function referenceOf(controller: Function, method: string): ActionReference {
  const [action, ...others] = actionsMetadata.of(controller, method);
  return {
    controller,
    method,
    // A method that serves several routes has one mark, and so one plan for all of them.
    verb: action === undefined || others.length > 0 ? 'ALL' : action.type.toUpperCase(),
    path: String(action?.route ?? ''),
    needsUser: needsUser(controller, method),
  };
}
