import type { RequestAccess } from '../request-access.js';
import type { Permission, ScopeAlternatives } from './permission.js';

/** Scopes written into `@Authorized(...)`: fixed at start-up, so that a request only looks them up. */
export class RequiresScopes implements Permission {
  private readonly only: readonly string[] | undefined;

  constructor(private readonly alternatives: ScopeAlternatives) {
    this.only = alternatives.length === 1 ? alternatives[0] : undefined;
  }

  hasPermission(access: RequestAccess): boolean {
    const token = access.token;
    if (token === undefined) return false;
    const { scopeSet } = token;
    if (this.only !== undefined) return hasAll(scopeSet, this.only);
    for (const scopes of this.alternatives) if (hasAll(scopeSet, scopes)) return true;
    return false;
  }

  scopeAlternatives(): ScopeAlternatives {
    return this.alternatives;
  }

  describe(): string {
    return this.alternatives.map((scopes) => scopes.join(' ')).join(' | ');
  }
}

function hasAll(scopeSet: ReadonlySet<string>, scopes: readonly string[]): boolean {
  for (const scope of scopes) if (!scopeSet.has(scope)) return false;
  return true;
}

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
