import { ConfigurationError } from '../core/errors.js';
import { suggestion } from '../core/options/index.js';
import type { AccessRule } from '../resource-server/permissions/access-rule.js';
import type { ActionPlan } from './plan.js';
import { describePlan } from './plan-description.js';

/**
 * Refuses a plan that requires a scope which no option names: no token could have it, so every caller would be refused.
 *
 * @param known the scopes that the options name
 * @throws ConfigurationError that names the scope, and the one that was most likely meant
 */
export function refuseUnknownScopes(plan: ActionPlan, known: ReadonlySet<string>): void {
  for (const { rule } of describePlan(plan).access) {
    const unknown = requiredBy(rule, known);
    if (unknown === undefined) continue;
    const names = [...known];
    const question = suggestion(unknown, names);
    const hint = question === '' ? `known are ${names.join(', ')}` : question;
    throw new ConfigurationError(
      `requires the scope ${unknown}, which no option names; ${hint}${question === '' ? '.' : ''} Correct it, or describe it in the option scopes.`,
    );
  }
}

/** The first scope of a rule that is not known. */
function requiredBy(rule: AccessRule, known: ReadonlySet<string>): string | undefined {
  switch (rule.kind) {
    case 'token':
      return rule.scopes.find((scope) => !known.has(scope));
    case 'allOf':
    case 'anyOf':
      return firstOf(rule.parts, (part) => requiredBy(part, known));
    case 'not':
      return requiredBy(rule.part, known);
    case 'custom':
      // Its code may take them for names of resources, whose scopes begin with them.
      return rule.scopes?.find((scope) => !known.has(scope) && !isResource(scope, known));
    default:
      return undefined;
  }
}

function isResource(name: string, known: ReadonlySet<string>): boolean {
  for (const scope of known) if (scope.startsWith(`${name}:`)) return true;
  return false;
}

function firstOf<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
