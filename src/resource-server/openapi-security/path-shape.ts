/** A parameter of a route, with its pattern: `:id`, `:id(\\d+)`. */
const ROUTE_PARAMETER = /:\w+(?:\((?:\\.|[^()\\])*\))?/g;
/** A parameter of a path in OpenAPI: `{id}`. */
const TEMPLATE_PARAMETER = /\{[^{}/]+\}/g;
/** What only routes have: groups, modifiers, wildcards, regular expressions. */
const BEYOND_TEMPLATES = /[{}()*+?^$\\|[\]]/;

/** Stands for a parameter; no path has it. */
const PARAMETER = '\0';

/**
 * What a route and a path in an OpenAPI document have in common if they mean the same: everything but the names of the
 * parameters, which do not distinguish paths (OpenAPI 3.1 §4.8.8). `undefined` for a route that no path of OpenAPI can say.
 */
export function shapeOfRoute(route: string): string | undefined {
  const shape = route.replace(ROUTE_PARAMETER, PARAMETER);
  return BEYOND_TEMPLATES.test(shape) ? undefined : withoutSlash(shape);
}

/** The same of a path in an OpenAPI document. */
export function shapeOfTemplate(path: string): string {
  return withoutSlash(path.replace(TEMPLATE_PARAMETER, PARAMETER));
}

/** Routers do not distinguish `/books/` and `/books`. */
export function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
