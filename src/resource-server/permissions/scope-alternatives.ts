import type { RequestAccess } from '../request-access.js';
import type { ScopeAlternatives } from './permission.js';

/** A refusal with more alternatives would not help its reader. */
const MOST_ALTERNATIVES = 16;

/**
 * Combines the alternatives of several requirements: every choice of one alternative from each. `undefined` if there
 * are too many to list.
 */
export function combineAlternatives(requirements: readonly ScopeAlternatives[]): ScopeAlternatives | undefined {
  let combined: readonly (readonly string[])[] = [[]];
  for (const alternatives of requirements) {
    if (combined.length * alternatives.length > MOST_ALTERNATIVES) return undefined;
    combined = combined.flatMap((chosen) => alternatives.map((scopes) => [...new Set([...chosen, ...scopes])]));
  }
  return combined;
}

/** Whether the token has all scopes of one of them. A permission that refuses nevertheless refuses for another reason. */
export function isSatisfied(alternatives: ScopeAlternatives, access: RequestAccess): boolean {
  return alternatives.some((scopes) => access.hasScopes(scopes));
}
