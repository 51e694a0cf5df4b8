import { IDENTITY_SCOPES, parseScope } from '../../core/scopes.js';
import type { ClientApplication } from '../clients/client-application.js';

/** Decides which scopes a request may have. oidc-provider itself would drop what it does not know. */
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
   * The scope of a request, each name once: what it names, else the defaults (RFC 6749 §3.3).
   *
   * @returns the scope value, or what is wrong with it
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

  /** Whether there is such a scope, and the application may be given it. */
  allows(scope: string, application: ClientApplication): boolean {
    return this.known.has(scope) && isAllowed(scope, application) && !isWithoutEffect(scope, application);
  }

  private defaultsFor(application: ClientApplication): readonly string[] {
    return this.defaults.filter((name) => this.allows(name, application));
  }
}

/** What an application without refresh tokens can do nothing with is refused rather than left out without a word. */
function isWithoutEffect(scope: string, { hasRefreshTokens }: ClientApplication): boolean {
  return scope === 'offline_access' && !hasRefreshTokens;
}

function isAllowed(scope: string, { scopes }: ClientApplication): boolean {
  return scopes === undefined || scopes.includes(scope);
}
