import { type ActionMetadata, BaseDriver, createExecutor, type RoutingControllersOptions } from 'routing-controllers';
import { type ActionReference, actionReference } from './action-reference.js';
import { withIndexedMetadata } from './fast/metadata-index.js';

/** An action, and what routing-controllers knows of it. */
export interface RecordedAction {
  readonly action: ActionReference;
  readonly metadata: ActionMetadata;
}

/** A driver that serves nothing and only records the actions. */
class RecordingDriver extends BaseDriver {
  readonly actions: RecordedAction[] = [];

  initialize(): void {}
  registerMiddleware(): void {}
  registerRoutes(): void {}

  registerAction(metadata: ActionMetadata): void {
    this.actions.push({ action: actionReference(metadata, this.routePrefix), metadata });
  }

  getParamFromRequest(): void {}
  handleError(): void {}
  handleSuccess(): void {}
}

/** Every action of these controllers, as routing-controllers would serve it, inherited ones included. */
export function recordedActions(
  controllers: readonly Function[],
  options: Pick<RoutingControllersOptions, 'routePrefix' | 'defaults'> = {},
): RecordedAction[] {
  const driver = new RecordingDriver();
  withIndexedMetadata(() => createExecutor(driver, { ...options, controllers: [...controllers] }));
  return driver.actions;
}
