import type { ActionSummary } from '../../oauth2.js';
import type { AccessAlternative } from '../../resource-server/permissions/access-alternatives.js';
import { patternOf } from './route-pattern.js';

/** What requests with one method to one route need. */
export interface RouteRow {
  /** Upper case, never `ALL`. */
  readonly method: string;
  readonly path: string;
  readonly pattern: string;
  /** The controller and its method. */
  readonly name: string;
  readonly isPublic: boolean;
  /** `undefined`: too many to list. */
  readonly alternatives: readonly AccessAlternative[] | undefined;
  /** The exact rule, as text. */
  readonly rule: string;
  readonly objectPermissions: readonly string[];
  readonly policies: ActionSummary['policies'];
}

/** The parts of a table that a comparison reads. */
export type KeptAction = Pick<
  ActionSummary,
  'path' | 'controller' | 'action' | 'access' | 'objectPermissions' | 'policies' | 'public'
>;

/** The rows of a table, in the order in which a router asks them. Of two for the same requests, the second is never asked. */
export function rowsOf(actions: readonly KeptAction[]): RouteRow[] {
  const rows = new Map<string, RouteRow>();
  for (const { path, controller, action, access, objectPermissions, policies, public: isPublic } of actions) {
    for (const { methods, alternatives, rule } of access) {
      for (const method of methods) {
        const pattern = patternOf(path);
        const key = `${method} ${pattern}`;
        if (rows.has(key)) continue;
        const name = `${controller}.${action}`;
        rows.set(key, {
          method,
          path,
          pattern,
          name,
          isPublic,
          alternatives,
          rule: JSON.stringify(rule),
          objectPermissions,
          policies,
        });
      }
    }
  }
  return [...rows.values()];
}
