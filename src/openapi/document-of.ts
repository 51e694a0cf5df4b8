import type { DescribedServer } from '../resource-server/described-server.js';
import type { ServedPlan } from '../routing-controllers/plan.js';
import { describePlan, type MethodAccess } from '../routing-controllers/plan-description.js';
import type { OpenApiDocument, OpenApiInfo } from './document.js';
import { defined, type JsonObject } from './json.js';
import { type OperationParts, operationOf, tagOf } from './operation.js';
import { Responses } from './responses.js';
import { pathsOf, type RoutePath } from './route-path.js';
import { Schemas } from './schemas.js';
import { securitySchemes } from './security-schemes.js';

/** What a document needs beside the actions. */
export interface DocumentSource {
  readonly server: DescribedServer;
  readonly info: OpenApiInfo;
  readonly servers: readonly Readonly<JsonObject>[];
  /** The name of the cookie of sessions. */
  readonly sessionCookie: string;
}

/** A document, and what it could not say. */
export interface MadeDocument {
  readonly document: OpenApiDocument;
  /** Classes that have no schema because class-validator-jsonschema is not installed. */
  readonly unreadable: readonly Function[];
}

/**
 * Makes the document of some actions, in their order.
 *
 * @throws ConfigurationError if the requirement of an action has more than 64 alternatives
 */
export function documentOf(
  actions: readonly ServedPlan[],
  { server, info, servers, sessionCookie }: DocumentSource,
): MadeDocument {
  const schemas = new Schemas();
  const responses = new Responses(server, schemas);
  const schemes = securitySchemes(server, sessionCookie);
  const paths = new Paths({ schemes, schemas, responses });
  for (const action of actions) paths.add(action);
  const used = schemesUsed(paths.operations());
  const document: OpenApiDocument = {
    openapi: '3.1.0',
    info,
    servers,
    tags: paths.tags.map((name) => ({ name })),
    paths: paths.byTemplate,
    components: withoutEmpty({
      schemas: schemas.components,
      responses: responses.components,
      headers: responses.fields,
      securitySchemes: Object.fromEntries(Object.entries(schemes.components).filter(([name]) => used.has(name))),
    }),
    ...(paths.notExpressed.length > 0 && { 'x-routes-not-expressed': paths.notExpressed }),
  };
  return { document, unreadable: [...schemas.unreadable] };
}

class Paths {
  readonly byTemplate: Record<string, Record<string, JsonObject>> = {};
  readonly notExpressed: JsonObject[] = [];
  readonly tags: string[] = [];
  /** By the template without names: two that differ only there are the same path. */
  private readonly templates = new Map<string, RoutePath>();
  private readonly ids = new Set<string>();

  constructor(private readonly parts: OperationParts) {}

  operations(): readonly JsonObject[] {
    return [...Object.values(this.byTemplate).flatMap((item) => Object.values(item)), ...this.notExpressed];
  }

  add(action: ServedPlan): void {
    const tag = tagOf(action.plan.action.controller);
    if (!this.tags.includes(tag)) this.tags.push(tag);
    const paths = pathsOf(routeOf(action));
    for (const [method, access] of methodsOf(action)) {
      if (paths === undefined) this.addUnexpressed(action, method, access);
      else for (const path of paths) this.addAt(action, method, access, path);
    }
  }

  private addAt(action: ServedPlan, method: string, access: MethodAccess, path: RoutePath): void {
    const key = path.template.replace(/\{[^}]*\}/g, '{}');
    const first = this.templates.get(key) ?? path;
    this.templates.set(key, first);
    const item = this.byTemplate[first.template] ?? {};
    this.byTemplate[first.template] = item;
    const name = method.toLowerCase();
    // The router asks the first of several.
    if (item[name] !== undefined) return;
    item[name] = this.operation(action, method, access, path, first);
  }

  private operation(
    action: ServedPlan,
    method: string,
    access: MethodAccess,
    path: RoutePath,
    shown: RoutePath,
  ): JsonObject {
    const described = describePlan(action.plan);
    const operation = operationOf(action, described, access, method, path.parameters, this.parts);
    const renamed = new Map(path.parameters.map(({ name }, at) => [name, shown.parameters[at]?.name ?? name]));
    const parameters = (operation.parameters as readonly JsonObject[] | undefined)?.map((one) =>
      one.in === 'path' ? { ...one, name: renamed.get(String(one.name)) ?? one.name } : one,
    );
    return defined({ operationId: this.id(action, method), ...operation, parameters });
  }

  private addUnexpressed(action: ServedPlan, method: string, access: MethodAccess): void {
    const described = describePlan(action.plan);
    this.notExpressed.push({
      method,
      route: String(action.plan.action.path),
      operationId: this.id(action, method),
      ...operationOf(action, described, access, method, [], this.parts),
    });
  }

  private id({ plan: { action } }: ServedPlan, method: string): string {
    const base = `${tagOf(action.controller)}.${action.method}`;
    const candidates = [base, `${base}.${method.toLowerCase()}`];
    let id = candidates.find((one) => !this.ids.has(one));
    for (let number = 2; id === undefined; number += 1) {
      const next = `${base}.${method.toLowerCase()}.${number}`;
      if (!this.ids.has(next)) id = next;
    }
    this.ids.add(id);
    return id;
  }
}

/** The methods that a document lists: HEAD only where it needs something else than GET. */
function methodsOf({ plan }: ServedPlan): readonly (readonly [string, MethodAccess])[] {
  const { access } = describePlan(plan);
  return access.flatMap((one) =>
    one.methods
      .filter((method) => method !== 'HEAD' || !one.methods.includes('GET') || plan.action.verb === 'HEAD')
      .map((method) => [method, one] as const),
  );
}

/** The whole route, with its prefixes. */
function routeOf({ plan, metadata }: ServedPlan): string | RegExp {
  return metadata.fullRoute instanceof RegExp ? metadata.fullRoute : plan.action.path;
}

function schemesUsed(operations: readonly JsonObject[]): ReadonlySet<string> {
  return new Set(operations.flatMap(({ security }) => (security as readonly object[]).flatMap(Object.keys)));
}

function withoutEmpty(components: Record<string, JsonObject>): Record<string, JsonObject> {
  return Object.fromEntries(Object.entries(components).filter(([, members]) => Object.keys(members).length > 0));
}
