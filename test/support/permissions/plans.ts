import 'reflect-metadata';
import { OAuth2Events } from '../../../src/core/events/events.js';
import { LogLimiter } from '../../../src/core/log-limiter.js';
import { Observation } from '../../../src/core/observation/observation.js';
import type { ActionReference } from '../../../src/routing-controllers/action-reference.js';
import { PlanCompiler, type PlanCompilerDependencies } from '../../../src/routing-controllers/compile.js';
import type { ActionPlan } from '../../../src/routing-controllers/plan.js';
import { recordedActions } from '../../../src/routing-controllers/recorder.js';
import { createThrottle } from '../../../src/throttling/index.js';
import { VirtualClock } from '../throttling/virtual-clock.js';

/** A compiler of plans whose throttle counts in memory, by a clock that stands. */
export function compilerOf(options: Partial<PlanCompilerDependencies> = {}): PlanCompiler {
  return new PlanCompiler({
    throttle: createThrottle({ policies: { user: '5/h' } }, { clock: new VirtualClock() }),
    readScope: 'read',
    writeScope: 'write',
    defaultRequirement: undefined,
    knownScopes: undefined,
    ...options,
  });
}

/** The actions of a controller, by the names of their methods. */
export function actionsOf(controller: Function, routePrefix = ''): Record<string, ActionReference> {
  return Object.fromEntries(
    recordedActions([controller], { routePrefix }).map(({ action }) => [action.method, action]),
  );
}

/** The plan of a method of a controller. */
export function planOf(controller: Function, method: string, compiler = compilerOf()): ActionPlan {
  const action = actionsOf(controller)[method] as ActionReference;
  return compiler.plan(action, compiler.declared(action));
}

/** What is observed, and the lines that are logged meanwhile. */
export function observed() {
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const log = new LogLimiter({ info: note, warn: note, error: note }, new VirtualClock());
  return { observation: new Observation(new OAuth2Events(log)), log, lines };
}
