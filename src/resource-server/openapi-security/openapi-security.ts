import { flagOption, knownOptions, listOption, optionPath, refuseOption } from '../../core/options/index.js';
import type { ScopeAlternatives } from '../permissions/permission.js';
import { type Operation, type Operations, operationsOf } from './operations.js';
import { shapeOfRoute, withoutSlash } from './path-shape.js';
import { readDocument } from './read-document.js';
import { serverPath } from './server-path.js';

/** How an OpenAPI document belongs to the actions. */
export interface OpenApiSecurityOptions {
  /**
   * What comes before the paths of the document in the paths of the actions, e.g. `/v1`, or `''`. Default: the path of the
   * document's `servers`.
   */
  readonly pathPrefix?: string | undefined;
  /**
   * Names of security schemes that are no matter of tokens, such as that of a session: alternatives with one of them are
   * left out here, and another permission of the action checks them. Default: none, and every such scheme is a difference.
   */
  readonly otherSchemes?: readonly string[] | undefined;
  /**
   * Whether operations may have no action, as in a document that several services share. Default `false`: each of them is a
   * difference.
   */
  readonly servedElsewhere?: boolean | undefined;
}

/**
 * What an OpenAPI document says about the security of its operations, for `TokenMatchesOASRequirements`. Made by
 * `openApiSecurity`.
 *
 * @example
 * ```ts
 * import { type DocumentedSecurity, TokenMatchesOASRequirements } from 'routing-controllers-oauth2';
 *
 * export const guardBy = (document: DocumentedSecurity) => new TokenMatchesOASRequirements(document);
 * ```
 */
export class DocumentedSecurity {
  /** How messages name the document. */
  readonly name: string;
  /** @internal */
  readonly operations: Operations;
  /** @internal */
  readonly pathPrefix: string;
  /** @internal */
  readonly servedElsewhere: boolean;
  /** There are only as many routes as actions. */
  private readonly known = new Map<string, ReadonlyMap<string, Operation> | undefined>();

  /** @internal */
  constructor(name: string, operations: Operations, pathPrefix: string, servedElsewhere: boolean) {
    this.name = name;
    this.operations = operations;
    this.pathPrefix = pathPrefix;
    this.servedElsewhere = servedElsewhere;
  }

  /**
   * The scopes that the document asks for; `undefined` if no token is enough, or the document does not say.
   *
   * @internal
   */
  alternatives(method: string, route: string): ScopeAlternatives | undefined {
    const operations = this.operationsAt(route);
    const operation = operations?.get(method) ?? (method === 'HEAD' ? operations?.get('GET') : undefined);
    return operation === undefined || operation.alternatives.length === 0 ? undefined : operation.alternatives;
  }

  /**
   * The operations that a route serves, by method; `undefined` if there are none.
   *
   * @internal
   */
  operationsAt(route: string): ReadonlyMap<string, Operation> | undefined {
    if (this.known.has(route)) return this.known.get(route);
    const shape = this.shapeOf(route);
    const found = shape === undefined ? undefined : this.operations.byShape.get(shape);
    this.known.set(route, found);
    return found;
  }

  /**
   * The shape of the path that a route has in the document; `undefined` if it can have none.
   *
   * @internal
   */
  shapeOf(route: string): string | undefined {
    const { pathPrefix } = this;
    if (route !== pathPrefix && !route.startsWith(`${pathPrefix}/`)) return undefined;
    return shapeOfRoute(route.slice(pathPrefix.length) || '/');
  }
}

const NAME = 'openApiSecurity';

/**
 * Reads an OpenAPI 3 document, so that `TokenMatchesOASRequirements` guards actions by what it says. The document is
 * compared with the actions at start-up, and one error names every difference: operations without an action, actions
 * without an operation or that are not guarded by it, undefined scopes and schemes, and schemes that no token satisfies
 * (anything but `oauth2`, `openIdConnect` and `http` `bearer`).
 *
 * @param document the path of a file of JSON or, with the optional package `yaml`, of YAML, relative to the working
 *   directory; a `file:` URL; or the document itself
 * @throws ConfigurationError if it cannot be read, is no OpenAPI 3 document, or its `servers` have several paths
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { openApiSecurity, TokenMatchesOASRequirements } from 'routing-controllers-oauth2';
 *
 * const documented = new TokenMatchesOASRequirements(
 *   openApiSecurity({
 *     openapi: '3.1.0',
 *     info: { title: 'Widgets', version: '1' },
 *     paths: { '/widgets': { get: { security: [{ login: ['read'] }] } } },
 *     components: {
 *       securitySchemes: { login: { type: 'openIdConnect', openIdConnectUrl: 'https://login.example' } },
 *     },
 *   }),
 * );
 *
 * @Authorized(documented)
 * @JsonController('/widgets')
 * export class WidgetController {
 *   @Get('/')
 *   list(): string[] {
 *     return [];
 *   }
 * }
 * ```
 */
export function openApiSecurity(
  document: string | URL | object,
  options: OpenApiSecurityOptions = {},
): DocumentedSecurity {
  const given = knownOptions<OpenApiSecurityOptions>(NAME, options, ['pathPrefix', 'otherSchemes', 'servedElsewhere']);
  const { name, content } = readDocument(`${NAME}.document`, document);
  const { pathPrefix, servedElsewhere = false } = given;
  const prefixPath = optionPath(NAME, 'pathPrefix');
  return new DocumentedSecurity(
    name,
    operationsOf(content, readSchemes(optionPath(NAME, 'otherSchemes'), given.otherSchemes)),
    pathPrefix === undefined ? serverPath(prefixPath, content) : readPrefix(prefixPath, pathPrefix),
    flagOption(optionPath(NAME, 'servedElsewhere'), servedElsewhere),
  );
}

function readPrefix(path: string, prefix: unknown): string {
  const isPath = typeof prefix === 'string' && (prefix === '' || prefix.startsWith('/'));
  if (!isPath) refuseOption(path, prefix, "give a path, e.g. '/v1', or '' if there is none");
  return prefix === '/' ? '' : withoutSlash(prefix);
}

function readSchemes(path: string, schemes: unknown): ReadonlySet<string> {
  if (schemes === undefined) return new Set();
  const fix = "give a list of names of security schemes, e.g. ['session']";
  const list = listOption(path, schemes, fix);
  list.forEach((name, index) => {
    if (typeof name !== 'string') refuseOption(optionPath(path, index), name, fix);
  });
  return new Set(list as readonly string[]);
}
