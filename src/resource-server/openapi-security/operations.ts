import { isScopeName } from '../../core/scopes.js';
import type { ScopeAlternatives } from '../permissions/permission.js';
import { shapeOfTemplate } from './path-shape.js';
import { isObject, type JsonObject } from './read-document.js';

/** What an OpenAPI document says of one operation. */
export interface Operation {
  /** Upper case. */
  readonly method: string;
  /** As it is written in the document. */
  readonly path: string;
  /** The scopes that let a token in; empty if there is no alternative for tokens. */
  readonly alternatives: ScopeAlternatives;
  /** Whether nobody needs credentials: no `security`, an empty list, or `{}` among the alternatives. */
  readonly isOpen: boolean;
  /** Whether it is open because `{}` is among the alternatives: credentials that are sent may matter. */
  readonly isOptional: boolean;
  /** Why a token cannot satisfy what the document says. */
  readonly problems: readonly string[];
}

/** The operations of a document by the shapes of their paths, and then by method. */
export interface Operations {
  readonly byShape: ReadonlyMap<string, ReadonlyMap<string, Operation>>;
  /** What is wrong with the paths themselves. */
  readonly problems: readonly string[];
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'];

/** @param otherSchemes schemes that are no matter of tokens; alternatives with one of them are left out */
export function operationsOf(document: JsonObject, otherSchemes: ReadonlySet<string>): Operations {
  const byShape = new Map<string, ReadonlyMap<string, Operation>>();
  const problems: string[] = [];
  const security = new SecurityReader(document, otherSchemes);
  for (const [path, given] of Object.entries(isObject(document.paths) ? document.paths : {})) {
    if (!path.startsWith('/')) continue;
    const item = resolved(document, given);
    if (item === undefined) {
      problems.push(`the path ${path} is a reference that leads nowhere in the document; bundle the document`);
      continue;
    }
    const shape = shapeOfTemplate(path);
    if (byShape.has(shape)) problems.push(`the path ${path} is there twice, under other names of its parameters`);
    byShape.set(shape, new Map(operationsOfItem(item, path, security)));
  }
  return { byShape, problems };
}

function* operationsOfItem(item: JsonObject, path: string, security: SecurityReader): Iterable<[string, Operation]> {
  const additional = isObject(item.additionalOperations) ? Object.entries(item.additionalOperations) : [];
  for (const [name, operation] of [...METHODS.map((name) => [name, item[name]] as const), ...additional]) {
    if (!isObject(operation)) continue;
    const method = name.toUpperCase();
    yield [method, { method, path, ...security.of(operation) }];
  }
}

/** Reads the security requirements of operations. */
class SecurityReader {
  private readonly schemes: JsonObject;

  constructor(
    private readonly document: JsonObject,
    private readonly otherSchemes: ReadonlySet<string>,
  ) {
    const components = isObject(document.components) ? document.components : {};
    this.schemes = isObject(components.securitySchemes) ? components.securitySchemes : {};
  }

  of(operation: JsonObject): Omit<Operation, 'method' | 'path'> {
    const security = operation.security ?? this.document.security ?? [];
    if (!Array.isArray(security) || !security.every(isObject)) {
      return { ...CLOSED, problems: ['its security is no list of requirements'] };
    }
    const isOptional = security.some((one) => Object.keys(one).length === 0);
    const isOpen = security.length === 0 || isOptional;
    const forTokens = security.filter((one) => !Object.keys(one).some((name) => this.otherSchemes.has(name)));
    const problems = new Set(forTokens.flatMap((one) => this.problemsOf(one)));
    if (!isOpen && forTokens.length === 0) problems.add('it has no alternative for tokens');
    if (problems.size > 0 || isOpen) return { ...CLOSED, isOpen, isOptional, problems: [...problems] };
    const alternatives = forTokens.map((one) => Object.freeze([...new Set(Object.values(one).flat())] as string[]));
    return { ...CLOSED, alternatives: Object.freeze(alternatives) };
  }

  private problemsOf(requirement: JsonObject): string[] {
    return Object.entries(requirement).flatMap(([name, scopes]) => this.problemsOfScheme(name, scopes));
  }

  private problemsOfScheme(name: string, scopes: unknown): string[] {
    const scheme = Object.hasOwn(this.schemes, name) ? resolved(this.document, this.schemes[name]) : undefined;
    if (scheme === undefined) return [`its scheme ${name} is not in components.securitySchemes`];
    const kind = kindOf(scheme);
    if (!TOKEN_KINDS.has(kind)) {
      return [
        `its scheme ${name} is ${kind}, and a token satisfies only oauth2, openIdConnect and http bearer; name the scheme in otherSchemes if something else checks it`,
      ];
    }
    if (!Array.isArray(scopes)) return [`the scopes of its scheme ${name} are no list`];
    const bad = scopes
      .filter((scope) => !isScopeName(scope))
      .map((scope) => `${JSON.stringify(scope)} is no scope name`);
    if (kind !== 'oauth2') return bad;
    const defined = scopesOfFlows(scheme);
    const unknown = scopes.filter((scope) => isScopeName(scope) && !defined.has(scope));
    return [...bad, ...unknown.map((scope) => `its scope ${scope} is not defined by a flow of the scheme ${name}`)];
  }
}

const CLOSED = { alternatives: [], isOpen: false, isOptional: false, problems: [] } as const;

const TOKEN_KINDS: ReadonlySet<string> = new Set(['oauth2', 'openIdConnect', 'http bearer']);

function kindOf({ type, scheme }: JsonObject): string {
  return type === 'http' ? `http ${String(scheme).toLowerCase()}` : String(type);
}

function scopesOfFlows({ flows }: JsonObject): ReadonlySet<string> {
  const all = isObject(flows) ? Object.values(flows).filter(isObject) : [];
  return new Set(all.flatMap(({ scopes }) => (isObject(scopes) ? Object.keys(scopes) : [])));
}

/** References that lead to references end somewhere, or the document is broken. */
const MOST_REFERENCES = 16;

/** An object, or what its `$ref` names in the same document. */
function resolved(document: JsonObject, given: unknown): JsonObject | undefined {
  let found = given;
  for (let step = 0; isObject(found) && typeof found.$ref === 'string'; step += 1) {
    if (step === MOST_REFERENCES || !found.$ref.startsWith('#/')) return undefined;
    found = memberAt(document, found.$ref.slice(2).split('/'));
  }
  return isObject(found) ? found : undefined;
}

/** The member at a JSON pointer in the fragment of a URI (RFC 6901 §6). */
function memberAt(document: JsonObject, pointer: readonly string[]): unknown {
  let found: unknown = document;
  for (const part of pointer) {
    const name = percentDecoded(part)?.replaceAll('~1', '/').replaceAll('~0', '~');
    if (name === undefined || !isObject(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

function percentDecoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
