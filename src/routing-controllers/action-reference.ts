import type { ActionMetadata } from 'routing-controllers';
import { ActionMetadata as ActionMetadataClass } from 'routing-controllers';
import { classChain } from './declarations.js';
import { paramsMetadata } from './fast/metadata-index.js';

/** The parts of a route of routing-controllers that a plan needs. */
export interface ActionReference {
  readonly controller: Function;
  readonly method: string;
  /** Upper case; `ALL` for `@All`. */
  readonly verb: string;
  readonly path: string;
  /** Whether a parameter is `@CurrentUser({ required: true })`. */
  readonly needsUser: boolean;
}

/** Reads the reference from the metadata that routing-controllers passes to a driver. */
export function actionReference(metadata: ActionMetadata, routePrefix: string): ActionReference {
  const route = ActionMetadataClass.appendBaseRoute(routePrefix, metadata.fullRoute);
  return {
    controller: metadata.target,
    method: metadata.method,
    verb: metadata.type.toUpperCase(),
    path: route === '' ? '/' : String(route),
    needsUser: needsUser(metadata.target, metadata.method),
  };
}

/**
 * Whether a parameter of the method is `@CurrentUser({ required: true })`. routing-controllers drops the parameters of
 * an inherited method, but the requirement that they express must not be dropped.
 */
export function needsUser(controller: Function, method: string): boolean {
  for (const one of classChain(controller)) {
    const params = paramsMetadata.of(one, method);
    if (params.length > 0) return params.some((param) => param.type === 'current-user' && param.required === true);
  }
  return false;
}

/** The name of an action in messages: `BookController.list (GET /books)`. */
export function actionName(action: Pick<ActionReference, 'controller' | 'method' | 'verb' | 'path'>): string {
  return `${action.controller.name}.${String(action.method)} (${action.verb} ${action.path})`;
}
