import { getMetadataArgsStorage } from 'routing-controllers';

/** The class, the method and the verb of an action. */
export interface RoutedAction {
  readonly controller: string;
  readonly method: string;
  readonly verb: string;
}

type ActionArgs = ReturnType<typeof getMetadataArgsStorage>['actions'][number];

/** The names of the action of a route; empty if there is none or more than one. See `onlyActionOfRoute`. */
export function actionOfRoute(requestMethod: string, path: string): RoutedAction {
  const action = onlyActionOfRoute(requestMethod, path);
  if (action === undefined) return { controller: '', method: '', verb: requestMethod };
  return { controller: action.target.name, method: action.method, verb: action.type.toUpperCase() };
}

/**
 * The only action that the entry of routing-controllers serves by a route; `undefined` if there is none or more than
 * one. It searches all actions, so it is for rare cases.
 *
 * @param requestMethod the method of the request
 * @param path the path of the route, with the prefix of all routes
 */
export function onlyActionOfRoute(requestMethod: string, path: string): ActionArgs | undefined {
  const { controllers, actions } = getMetadataArgsStorage();
  const bases = new Map(controllers.map(({ target, route }) => [target as Function, route ?? '']));
  const found = actions.filter(({ target, type, route }) => {
    const verb = type.toUpperCase();
    const serves = verb === requestMethod || verb === 'ALL' || (verb === 'GET' && requestMethod === 'HEAD');
    if (!serves || !bases.has(target)) return false;
    return withoutSlash(path).endsWith(withoutSlash(`${bases.get(target)}${route ?? ''}`));
  });
  const longest = found.filter((one) => lengthOf(one) === Math.max(...found.map(lengthOf)));
  return longest.length === 1 ? longest[0] : undefined;

  function lengthOf({ target, route }: ActionArgs): number {
    return withoutSlash(`${bases.get(target)}${route ?? ''}`).length;
  }
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
