import type { AccessAlternative } from '../resource-server/permissions/access-alternatives.js';
import { accessAlternatives } from '../resource-server/permissions/access-alternatives.js';
import { type AccessRule, EVERYBODY } from '../resource-server/permissions/access-rule.js';
import { objectPermissions } from '../resource-server/permissions/composition.js';
import type { ActionPlan } from './plan.js';

/** What requests with some methods need. */
export interface MethodAccess {
  /**
   * The request methods, upper case: that of the action, HEAD beside GET, and for `@All` the six that applications use. OPTIONS
   * of a guarded `@All` is not here, since nothing is guarded there.
   */
  readonly methods: readonly string[];
  /** What they need, exactly. */
  readonly rule: AccessRule;
  /** The same as a list of alternatives; `undefined` if there are more than 64. */
  readonly alternatives: readonly AccessAlternative[] | undefined;
}

/**
 * What a plan requires, as data, for documents, tables and comparisons. It is made from the permissions that the guard asks,
 * and from nothing else.
 *
 * - `access` has one entry if all methods need the same, which is so unless a permission goes by method
 *   (`TokenHasReadWriteScope`, `TokenHasResourceScope`, `TokenMatchesOASRequirements`) and the action is `@All`, or has an entry for HEAD.
 * - `objectPermissions` are the classes that decide about loaded entities (`checkObject`), in addition.
 *
 * @example
 * `@Authorized(anyOf('a b', IsAuthenticated))` on a GET action:
 * ```json
 * [{ "methods": ["GET", "HEAD"],
 *    "rule": { "kind": "anyOf", "parts": [{ "kind": "token", "scopes": ["a", "b"] }, { "kind": "user" }] },
 *    "alternatives": [
 *      { "credentials": "token", "user": false, "scopes": ["a", "b"], "further": [] },
 *      { "credentials": "any", "user": true, "scopes": [], "further": [] } ] }]
 * ```
 */
export interface PlanDescription {
  /** Whether it is `@Public()`: then credentials that are not valid count as none. */
  readonly isPublic: boolean;
  /** What requests need, by their method; at least one entry. */
  readonly access: readonly MethodAccess[];
  /** The classes of permissions that decide about entities. */
  readonly objectPermissions: readonly string[];
}

/** What the plan of an action requires. */
export function describePlan({ action, requirement }: ActionPlan): PlanDescription {
  const byText = new Map<string, { methods: string[]; rule: AccessRule }>();
  for (const method of methodsOf(action.verb)) {
    const rule = requirement?.rule(method) ?? EVERYBODY;
    const text = JSON.stringify(rule);
    const same = byText.get(text);
    if (same === undefined) byText.set(text, { methods: [method], rule });
    else same.methods.push(method);
  }
  const deciding = requirement?.permissions.flatMap(objectPermissions) ?? [];
  return {
    isPublic: requirement === undefined,
    access: [...byText.values()].map((one) => ({ ...one, alternatives: accessAlternatives(one.rule) })),
    objectPermissions: [...new Set(deciding.map((one) => one.constructor.name))],
  };
}

/** The methods of the requests that an action answers; koa-router passes HEAD to a GET action. */
function methodsOf(verb: string): readonly string[] {
  if (verb === 'ALL') return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
  return verb === 'GET' ? ['GET', 'HEAD'] : [verb];
}
