import {
  type Action,
  type ActionMetadata,
  BaseDriver,
  createExecutor,
  type RoutingControllersOptions,
} from 'routing-controllers';
import { type ActionReference, actionReference } from './action-reference.js';
import { withIndexedMetadata } from './fast/metadata-index.js';

/** A driver that serves nothing and only records the actions. */
class RecordingDriver extends BaseDriver {
  readonly actions: ActionReference[] = [];

  initialize(): void {}
  registerMiddleware(): void {}
  registerRoutes(): void {}

  registerAction(metadata: ActionMetadata): void {
    this.actions.push(actionReference(metadata, this.routePrefix));
  }

  getParamFromRequest(_action: Action): undefined {
    return undefined;
  }

  handleError(): void {}
  handleSuccess(): void {}
}

/** Every action of these controllers, as routing-controllers would serve it, inherited ones included. */
export function recordedActions(
  controllers: readonly Function[],
  options: Pick<RoutingControllersOptions, 'routePrefix'> = {},
): ActionReference[] {
  const driver = new RecordingDriver();
  withIndexedMetadata(() => createExecutor(driver, { ...options, controllers: [...controllers] }));
  return driver.actions;
}
