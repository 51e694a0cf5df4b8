import type { ScopeDescriptions } from '../../../core/scopes.js';
import type { DescribedScope } from './page-parts.js';

/** Scopes with their descriptions; the name of a scope without one is used instead. */
export function describedScopes(names: readonly string[], descriptions: ScopeDescriptions): DescribedScope[] {
  return names.map((name) => ({
    name,
    description: (Object.hasOwn(descriptions, name) && descriptions[name]) || name,
  }));
}
