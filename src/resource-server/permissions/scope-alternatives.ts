import type { ScopeAlternatives } from './permission.js';

/** More alternatives than this help nobody who reads a refusal. */
const MOST_ALTERNATIVES = 16;

/**
 * All scopes that a request would need, out of what each of several requirements needs: every choice of one
 * alternative from each. `undefined` if there are too many to name.
 */
export function combineAlternatives(requirements: readonly ScopeAlternatives[]): ScopeAlternatives | undefined {
  let combined: readonly (readonly string[])[] = [[]];
  for (const alternatives of requirements) {
    if (combined.length * alternatives.length > MOST_ALTERNATIVES) return undefined;
    combined = combined.flatMap((chosen) => alternatives.map((scopes) => [...new Set([...chosen, ...scopes])]));
  }
  return combined;
}
