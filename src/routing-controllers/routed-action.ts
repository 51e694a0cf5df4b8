import { getMetadataArgsStorage } from 'routing-controllers';

/** The class, the method and the verb of an action. */
export interface RoutedAction {
  readonly controller: string;
  readonly method: string;
  readonly verb: string;
}

/**
 * The only action that the entry of routing-controllers serves by a route; with empty names if there is none or more
 * than one. It searches all actions, so it is for rare cases.
 *
 * @param requestMethod the method of the request
 * @param path the path of the route, with the prefix of all routes
 */
export function actionOfRoute(requestMethod: string, path: string): RoutedAction {
  const { controllers, actions } = getMetadataArgsStorage();
  const bases = new Map(controllers.map(({ target, route }) => [target as Function, route ?? '']));
  const found = actions.filter(({ target, type, route }) => {
    const verb = type.toUpperCase();
    const serves = verb === requestMethod || verb === 'ALL' || (verb === 'GET' && requestMethod === 'HEAD');
    if (!serves || !bases.has(target)) return false;
    return withoutSlash(path).endsWith(withoutSlash(`${bases.get(target)}${route ?? ''}`));
  });
  const longest = found.filter((one) => lengthOf(one) === Math.max(...found.map(lengthOf)));
  const [action] = longest;
  if (action === undefined || longest.length > 1) return { controller: '', method: '', verb: requestMethod };
  return { controller: action.target.name, method: action.method, verb: action.type.toUpperCase() };

  function lengthOf({ target, route }: (typeof actions)[number]): number {
    return withoutSlash(`${bases.get(target)}${route ?? ''}`).length;
  }
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
