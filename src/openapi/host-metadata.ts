import { type ActionMetadata, getMetadataArgsStorage } from 'routing-controllers';
import { isJsonObject, type JsonObject, merged } from './json.js';
import { optionalPackage, type RoutingControllersOpenApi } from './optional-packages.js';

let read: RoutingControllersOpenApi | undefined | null = null;

/** What the guard decides; a document that says otherwise would be wrong. */
const NOT_OF_HOST = (name: string) =>
  name === 'security' || name.startsWith('x-oauth2-') || name.startsWith('x-ratelimit-');

/**
 * Applies the `@OpenAPI` (and `@ResponseSchema`) of routing-controllers-openapi on the class and the method, if that package
 * is installed. `security` stays as the guard has it.
 */
export function withHostMetadata(operation: JsonObject, metadata: ActionMetadata): JsonObject {
  if (read === null) read = optionalPackage<RoutingControllersOpenApi>('routing-controllers-openapi');
  if (read === undefined) return operation;
  const { target, method } = metadata;
  const specs = [...read.getOpenAPIMetadata(target), ...read.getOpenAPIMetadata(target.prototype, method)];
  let result = operation;
  for (const spec of specs) {
    const changed = typeof spec === 'function' ? spec(result, routeOf(metadata)) : asObject(spec);
    if (!isJsonObject(changed)) continue;
    const own = Object.fromEntries(Object.entries(changed).filter(([name]) => !NOT_OF_HOST(name)));
    result = merged(result, { ...own, ...parametersOf(result, own) });
  }
  return { ...result, ...Object.fromEntries(Object.entries(operation).filter(([name]) => NOT_OF_HOST(name))) };
}

function asObject(spec: unknown): unknown {
  return typeof spec === 'object' && spec !== null ? { ...spec } : undefined;
}

/** Those of the host replace ours with the same place and name, and come after the others. */
function parametersOf({ parameters: ours }: JsonObject, { parameters: own }: JsonObject): JsonObject {
  if (!Array.isArray(ours) || !Array.isArray(own)) return {};
  const all = new Map<string, JsonObject>();
  for (const one of [...ours, ...own] as JsonObject[]) {
    const key = `${String(one.in)} ${String(one.name)}`;
    all.set(key, merged(all.get(key) ?? {}, one));
  }
  return { parameters: [...all.values()] };
}

/** What functions of that package are given. */
function routeOf({ target, method, type, route, controllerMetadata }: ActionMetadata): object {
  const storage = getMetadataArgsStorage();
  return {
    action: { target, method, type, route },
    controller: { target, type: controllerMetadata.type, route: controllerMetadata.route },
    options: {},
    params: storage.filterParamsWithTargetAndMethod(target, method),
    responseHandlers: storage.filterResponseHandlersWithTargetAndMethod(target, method),
  };
}
