import { mayOverlap } from './route-pattern.js';
import { type KeptAction, type RouteRow, rowsOf } from './route-rows.js';
import { weakerGuard, weakerThrottles } from './weaker.js';

/** Something that a review should look at. */
export interface RouteFinding {
  /** `guard`: requests are, or may be, let in that were refused. `throttle`: more requests are, or may be, allowed. */
  readonly kind: 'guard' | 'throttle';
  readonly method: string;
  readonly path: string;
  /** The controller and its method. */
  readonly action: string;
  readonly text: string;
}

/** A route that only one of the tables has. */
export interface ListedRoute {
  readonly method: string;
  readonly path: string;
  readonly action: string;
}

/** How a table of routes differs from one that was kept. */
export interface TableDifferences {
  readonly findings: readonly RouteFinding[];
  readonly added: readonly ListedRoute[];
  readonly removed: readonly ListedRoute[];
}

/**
 * Compares a table of routes with one that was kept before. A guard that is not among the findings lets nobody in whom the
 * one before refused, as far as code of the host decides as before.
 *
 * Routes are the same if they have the same method and path, whatever their parameters are called. Where the router now
 * chooses another route for some requests, because of an added or removed one or of their order, the guards of both are compared.
 */
export function compareTables(now: readonly KeptAction[], before: readonly KeptAction[]): TableDifferences {
  const [rows, kept] = [byKey(rowsOf(now)), byKey(rowsOf(before))];
  const added = [...rows.values()].filter(({ key }) => !kept.has(key));
  const removed = [...kept.values()].filter(({ key }) => !rows.has(key));
  const findings = [
    ...added.flatMap(({ row }) => openFindings(row)),
    ...[...rows.values()].flatMap(({ key, row }) => changeFindings(row, kept.get(key)?.row)),
    ...takenOver(rows, kept),
  ];
  return {
    findings: withoutHead(findings),
    added: withoutHead(added.map(listed)),
    removed: withoutHead(removed.map(listed)),
  };
}

interface Placed {
  readonly key: string;
  readonly position: number;
  readonly row: RouteRow;
}

type Table = ReadonlyMap<string, Placed>;

function byKey(rows: readonly RouteRow[]): Table {
  return new Map(
    rows.map((row, position) => {
      const key = `${row.method} ${row.pattern}`;
      return [key, { key, position, row }];
    }),
  );
}

function openFindings(row: RouteRow): RouteFinding[] {
  const isOpen = row.alternatives?.some(({ credentials, further }) => credentials === 'none' && further.length === 0);
  if (!row.isPublic && isOpen !== true) return [];
  return [finding('guard', row, `it is new, and ${row.isPublic ? 'public' : 'everybody may call it'}`)];
}

function changeFindings(now: RouteRow, before: RouteRow | undefined): RouteFinding[] {
  if (before === undefined) return [];
  return [
    ...weakerGuard(now, before).map((text) => finding('guard', now, text)),
    ...weakerThrottles(now, before).map((text) => finding('throttle', now, text)),
  ];
}

/** Requests that match two routes, of which the router chose one before, and chooses the other now. */
function takenOver(now: Table, before: Table): RouteFinding[] {
  const keys = [...new Set([...before.keys(), ...now.keys()])];
  const found: RouteFinding[] = [];
  keys.forEach((one, index) => {
    const method = one.slice(0, one.indexOf(' ') + 1);
    for (let next = index + 1; next < keys.length; next += 1) {
      const other = keys[next] as string;
      if (!other.startsWith(method)) continue;
      const [chosen, left] = [chosenOf(now, one, other), chosenOf(before, one, other)];
      if (chosen === undefined || left === undefined || chosen.key === left.key) continue;
      if (!mayOverlap(chosen.row.path, left.row.path)) continue;
      const where = `for some requests that ${left.row.path} answered: `;
      found.push(
        ...weakerGuard(chosen.row, left.row).map((text) => finding('guard', chosen.row, where + text)),
        ...weakerThrottles(chosen.row, left.row).map((text) => finding('throttle', chosen.row, where + text)),
      );
    }
  });
  return found;
}

function chosenOf(table: Table, one: string, other: string): Placed | undefined {
  const [a, b] = [table.get(one), table.get(other)];
  if (a === undefined || b === undefined) return a ?? b;
  return a.position < b.position ? a : b;
}

function finding(kind: RouteFinding['kind'], { method, path, name }: RouteRow, text: string): RouteFinding {
  return { kind, method, path, action: name, text };
}

function listed({ row: { method, path, name } }: Placed): ListedRoute {
  return { method, path, action: name };
}

/** HEAD is told only where it differs from GET. */
function withoutHead<One extends ListedRoute>(all: readonly One[]): readonly One[] {
  const keyOf = (one: One) => JSON.stringify({ ...one, method: 'GET' });
  const told = new Set(all.filter(({ method }) => method === 'GET').map(keyOf));
  return all.filter((one) => one.method !== 'HEAD' || !told.has(keyOf(one)));
}
