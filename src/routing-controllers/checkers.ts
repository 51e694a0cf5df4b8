import type { Context } from 'koa';
import { type Action, getMetadataArgsStorage, type RoutingControllersOptions } from 'routing-controllers';
import { after } from '../core/promises.js';
import { declaredScopes } from '../core/scopes.js';
import { keepVary } from '../resource-server/authentication/vary.js';
import { toPermissions } from '../resource-server/permissions/expression.js';
import type { Permission } from '../resource-server/permissions/permission.js';
import { RequiresScopes } from '../resource-server/permissions/requirement.js';
import { type ActionReference, needsUser } from './action-reference.js';
import type { PlanCompiler } from './compile.js';
import { DeclarationMark, ownDeclarations } from './declarations.js';
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
    { controller: Object, method: '', verb: 'ALL', path: '', needsUser: false },
    {
      isPublic: true,
      permissions: [],
      requiredScopes: undefined,
      throttles: [],
      isInherited: false,
      isDefault: false,
    },
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
 * leads to all declarations. Otherwise there are only the roles: the values of class and method in one list, in which
 * only the identity of the arrays shows which `@Authorized` they come from.
 */
function planFromRoles(roles: readonly unknown[], compiler: PlanCompiler): ActionPlan {
  const marks = roles.filter((role) => role instanceof DeclarationMark);
  const methodMark = marks.find((mark) => mark.method !== undefined);
  if (methodMark?.method !== undefined) {
    const action = referenceOf(methodMark.controller, methodMark.method);
    return compiler.plan(action, compiler.declared(action));
  }
  const [classMark] = marks;
  const ofClass = classMark === undefined ? {} : ownDeclarations(classMark.controller, undefined);
  const plain = roles.filter((role) => role !== undefined && role !== null && !(role instanceof DeclarationMark));
  const where = '@Authorized(...)';
  const requiredScopes =
    ofClass.requiredScopes === undefined ? undefined : declaredScopes(ofClass.requiredScopes, '@RequiredScopes');
  const isPublic =
    ofClass.isPublic === true &&
    plain.length === 0 &&
    requiredScopes === undefined &&
    !hasBareAuthorized(classMark?.controller);
  // A class that is only throttled, say, leaves its actions to the default.
  const isDefault =
    plain.length === 0 && !isPublic && classMark?.joined === false && !hasBareAuthorized(classMark.controller);
  const permissions: Permission[] = [
    ...(isDefault ? (compiler.defaultRequirement ?? []) : []),
    ...toPermissions(
      plain.filter((role) => !Array.isArray(role)),
      where,
    ),
    ...alternativesByOrigin(plain, where),
  ];
  const controller = classMark?.controller ?? Object;
  return compiler.plan(
    { controller, method: '', verb: 'ALL', path: '', needsUser: false },
    {
      isPublic,
      permissions: isPublic ? [] : completed(permissions, requiredScopes, false),
      requiredScopes,
      throttles: ofClass.throttles ?? [],
      isInherited: false,
      isDefault,
    },
  );
}

/**
 * Whether a method of the class has a bare `@Authorized()`. It adds no role, so in a public class its requests look
 * like those of the open methods; then all of them need a principal, rather than none.
 */
function hasBareAuthorized(controller: Function | undefined): boolean {
  return responseHandlersMetadata
    .ofClass(controller)
    .some(
      ({ type, method, value }) => type === 'authorized' && method !== undefined && [value ?? []].flat().length === 0,
    );
}

/** The alternatives of class and method must both be satisfied; merging them into one list would be weaker. */
function alternativesByOrigin(roles: readonly unknown[], where: string): Permission[] {
  const origins = new Map<unknown, unknown[][]>();
  for (const role of roles) {
    if (!Array.isArray(role)) continue;
    const origin = getMetadataArgsStorage().responseHandlers.find(
      (handler) => handler.type === 'authorized' && Array.isArray(handler.value) && handler.value.includes(role),
    );
    const group = origins.get(origin);
    if (group === undefined) origins.set(origin, [role]);
    else group.push(role);
  }
  return [...origins.values()]
    .flatMap((alternatives) => toPermissions(alternatives, where))
    .filter((one) => one instanceof RequiresScopes);
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
