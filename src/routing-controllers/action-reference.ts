import type { ActionMetadata } from 'routing-controllers';
import { ActionMetadata as ActionMetadataClass } from 'routing-controllers';

/** One routing-controllers route, as far as a plan needs it. */
export interface ActionReference {
  readonly controller: Function;
  readonly method: string;
  /** Upper case; `ALL` for `@All`. */
  readonly verb: string;
  readonly path: string;
  /** Whether a parameter is `@CurrentUser({ required: true })`. */
  readonly needsUser: boolean;
}

/** Reads the reference off the metadata that routing-controllers hands to a driver. */
export function actionReference(metadata: ActionMetadata, routePrefix: string): ActionReference {
  const route = ActionMetadataClass.appendBaseRoute(routePrefix, metadata.fullRoute);
  return {
    controller: metadata.target,
    method: metadata.method,
    verb: metadata.type.toUpperCase(),
    path: route === '' ? '/' : String(route),
    needsUser: metadata.params.some((param) => param.type === 'current-user' && param.required === true),
  };
}

/** How an action is called in messages: `BookController.list (GET /books)`. */
export function actionName(action: Pick<ActionReference, 'controller' | 'method' | 'verb' | 'path'>): string {
  return `${action.controller.name}.${action.method} (${action.verb} ${action.path})`;
}
