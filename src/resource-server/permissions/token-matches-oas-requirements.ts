import { ConfigurationError } from '../../core/errors.js';
import { refuseOption } from '../../core/options/index.js';
import type { ScopeName } from '../../core/register.js';
import { declaredScopes } from '../../core/scopes.js';
import { DocumentedSecurity } from '../openapi-security/index.js';
import type { RequestAccess } from '../request-access.js';
import { type AccessRule, alternativesRule, isUnchanged, RULE } from './access-rule.js';
import type { GuardedAction, Permission, ScopeAlternatives } from './permission.js';

/** Alternatives by HTTP method, as in Django OAuth Toolkit: `{ POST: [['create'], ['post', 'widget']] }`. */
export type AlternativesByMethod = Readonly<Record<string, ScopeAlternatives>>;
/** An OpenAPI security requirement: `{ oauth2: ['read', 'write'] }`; every scheme in it must be satisfied. */
export type SecurityRequirement = Readonly<Record<string, readonly ScopeName[]>>;
/**
 * Alternatives by method, or one OpenAPI security requirement, or a list of them as alternatives, or what an OpenAPI
 * document says of each action.
 */
export type OASRequirements =
  | AlternativesByMethod
  | SecurityRequirement
  | readonly SecurityRequirement[]
  | DocumentedSecurity;

type Lookup = (method: string, route: string) => ScopeAlternatives | undefined;

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']);

/**
 * For each method a list of alternatives, each a list of scopes; one alternative has to be satisfied. A method that is
 * not listed is refused. HEAD uses the entry of GET, unless it has one of its own. The alternatives may also come from an
 * OpenAPI document (`openApiSecurity`), by method and path.
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController, Post } from 'routing-controllers';
 * import { TokenMatchesOASRequirements } from 'routing-controllers-oauth2';
 *
 * const requirements = new TokenMatchesOASRequirements({
 *   GET: [['read']],
 *   POST: [['create'], ['write', 'admin']], // one of the two lists
 * });
 *
 * @Authorized(requirements)
 * @JsonController('/widgets')
 * export class WidgetController {
 *   @Get('/')
 *   list(): string[] {
 *     return [];
 *   }
 *
 *   @Post('/')
 *   create(): void {}
 * }
 * ```
 */
export class TokenMatchesOASRequirements implements Permission {
  /** The sets of scopes by method, of which one suffices. */
  readonly requiredAlternateScopes?: OASRequirements;
  readonly message?: string;
  private parsed: { readonly source: OASRequirements | undefined; readonly of: Lookup } | undefined;

  constructor(requirements?: OASRequirements) {
    if (requirements !== undefined) this.requiredAlternateScopes = requirements;
  }

  hasPermission(access: RequestAccess, action: GuardedAction): boolean | Promise<boolean> {
    const alternatives = this.scopeAlternatives(access, action);
    if (access.token === undefined || alternatives === undefined) return false;
    return alternatives.some((scopes) => access.hasScopes(scopes));
  }

  scopeAlternatives(access: RequestAccess, action: GuardedAction): ScopeAlternatives | undefined {
    return this.alternativesFor(access.method, routeOf(access, action));
  }

  validate(action: GuardedAction): void {
    const name = this.constructor.name;
    if (this.requiredAlternateScopes === undefined) {
      throw new ConfigurationError(
        `${name} has no requirements; give them to its constructor or set requiredAlternateScopes.`,
      );
    }
    // A document is compared with all actions at once.
    if (this.requiredAlternateScopes instanceof DocumentedSecurity) return;
    if (action.verb !== 'ALL' && this.alternativesFor(action.verb, action.path) === undefined) {
      throw new ConfigurationError(`${name} lists no alternatives for ${action.verb}; every request would be refused.`);
    }
  }

  describe(action: GuardedAction): string {
    const alternatives = this.alternativesFor(action.verb === 'ALL' ? 'GET' : action.verb, action.path) ?? [];
    return alternatives.map((scopes) => scopes.join(' ')).join(' | ');
  }

  /** @internal */
  [RULE](action: GuardedAction, method: string): AccessRule | undefined {
    const isOurs = isUnchanged(
      this,
      TokenMatchesOASRequirements,
      'hasPermission',
      'scopeAlternatives',
      'alternativesFor',
    );
    return isOurs ? alternativesRule(this.alternativesFor(method, action.path) ?? []) : undefined;
  }

  private alternativesFor(method: string, route: string): ScopeAlternatives | undefined {
    if (this.parsed === undefined || this.parsed.source !== this.requiredAlternateScopes) {
      this.parsed = { source: this.requiredAlternateScopes, of: this.parse(this.requiredAlternateScopes) };
    }
    return this.parsed.of(method, route);
  }

  private parse(requirements: OASRequirements | undefined): Lookup {
    if (requirements === undefined) return () => undefined;
    if (requirements instanceof DocumentedSecurity) return (method, route) => requirements.alternatives(method, route);
    if (isByMethod(requirements)) {
      const byMethod = new Map<string, ScopeAlternatives>();
      for (const [method, alternatives] of Object.entries(requirements)) {
        byMethod.set(method.toUpperCase(), this.checked(alternatives, method));
      }
      return (method) => byMethod.get(method) ?? (method === 'HEAD' ? byMethod.get('GET') : undefined);
    }
    const list = Array.isArray(requirements) ? requirements : [requirements as SecurityRequirement];
    const alternatives = this.checked(
      list.map((requirement) => Object.values(requirement as SecurityRequirement).flat()),
      'the list',
    );
    return () => alternatives;
  }

  private checked(alternatives: unknown, where: string): ScopeAlternatives {
    const name = `${this.constructor.name} (${where})`;
    if (!Array.isArray(alternatives) || alternatives.length === 0 || !alternatives.every(Array.isArray)) {
      const example = "[['create'], ['post', 'widget']]";
      refuseOption(name, alternatives, `give a list of alternatives, each a list of scopes, e.g. ${example}`);
    }
    return alternatives.map((scopes: unknown[]) => declaredScopes(scopes, name));
  }
}

function isByMethod(requirements: OASRequirements): requirements is AlternativesByMethod {
  return !Array.isArray(requirements) && Object.keys(requirements).some((key) => METHODS.has(key.toUpperCase()));
}

/** The entry of routing-controllers does not tell a checker which action it serves; the router does. */
function routeOf({ context }: RequestAccess, action: GuardedAction): string {
  const { routerPath } = context as { readonly routerPath?: unknown };
  return typeof routerPath === 'string' ? routerPath : action.path;
}
