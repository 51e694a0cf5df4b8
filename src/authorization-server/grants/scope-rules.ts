import { IDENTITY_SCOPES, parseScope } from '../../core/scopes.js';
import type { ClientApplication } from '../clients/client-application.js';

/** Decides which scopes a request may have. oidc-provider itself would silently drop unknown scopes. */
export class ScopeRules {
  /** Every scope there is. */
  readonly known: ReadonlySet<string>;

  constructor(
    described: Iterable<string>,
    private readonly defaults: readonly string[],
  ) {
    this.known = new Set([...IDENTITY_SCOPES, ...described]);
  }

  /**
   * The scope of a request, without duplicates: the requested one, otherwise the defaults (RFC 6749 §3.3).
   *
   * @returns the scope value, or the problem with it
   */
  resolve(requested: string | undefined, application: ClientApplication): { scope: string } | { problem: string } {
    const names = requested === undefined ? this.defaultsFor(application) : parseScope(requested);
    if (names.length === 0) return { problem: 'a scope is needed, since there are no default scopes' };
    for (const name of names) {
      if (!this.known.has(name)) return { problem: 'a requested scope is unknown' };
      if (isWithoutEffect(name, application)) {
        return { problem: 'offline_access needs an application with the grant type refresh_token' };
      }
      if (!isAllowed(name, application)) return { problem: 'a requested scope is not allowed for this application' };
    }
    return { scope: names.join(' ') };
  }

  /** Whether the scope exists and the application may have it. */
  allows(scope: string, application: ClientApplication): boolean {
    return this.known.has(scope) && isAllowed(scope, application) && !isWithoutEffect(scope, application);
  }

  private defaultsFor(application: ClientApplication): readonly string[] {
    return this.defaults.filter((name) => this.allows(name, application));
  }
}

/** A scope that has no effect for an application without refresh tokens is refused rather than silently dropped. */
function isWithoutEffect(scope: string, { hasRefreshTokens }: ClientApplication): boolean {
  return scope === 'offline_access' && !hasRefreshTokens;
}

function isAllowed(scope: string, { scopes }: ClientApplication): boolean {
  return scopes === undefined || scopes.includes(scope);
}
