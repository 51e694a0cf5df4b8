import type { ScopeDescriptions } from '../../core/scopes.js';
import type { DescribedScope } from './page-models.js';

/** Scopes with what people are told of them; one without a description stands for itself. */
export function describedScopes(names: readonly string[], descriptions: ScopeDescriptions): DescribedScope[] {
  return names.map((name) => ({
    name,
    description: (Object.hasOwn(descriptions, name) && descriptions[name]) || name,
  }));
}
