import { OAuth2Error } from '../core/errors.js';
import { httpErrorStatus } from '../core/http-errors.js';
import type { OAuth2 } from '../oauth2.js';
import type { Authentication } from '../resource-server/authentication/authenticator.js';
import { RequestAccess } from '../resource-server/request-access.js';
import { refuseProblems } from '../routing-controllers/audit.js';
import type { ActionPlan } from '../routing-controllers/plan.js';
import { recordedActions } from '../routing-controllers/recorder.js';
import { type FakeRequest, fakeContext } from './fake-context.js';
import { type MatrixCaller, matrixAuthentication } from './matrix-caller.js';
import type { MatrixCell, MatrixRow } from './matrix-row.js';
import { matrixText } from './matrix-text.js';
import { requireTests } from './only-in-tests.js';

/** What the requests of a matrix are like, and which actions are asked. */
export interface MatrixOptions extends Pick<FakeRequest, 'query' | 'headers' | 'params'> {
  /** Default: the controllers that `oauth2.createKoaServer` or `useKoaServer` serves. */
  readonly controllers?: readonly Function[] | undefined;
  /** That of these controllers. */
  readonly routePrefix?: string | undefined;
}

/**
 * Who may use which action. As a text (`String(matrix)`) it is fit for a snapshot; `rows` are the same as data.
 *
 * @example
 * ```ts
 * import type { Matrix } from 'routing-controllers-oauth2/testing';
 *
 * // What nobody has to sign in for.
 * export function open(matrix: Matrix): string[] {
 *   return matrix.rows
 *     .filter(({ cells }) => cells.anonymous?.allowed === true)
 *     .map(({ method, path }) => `${method} ${path}`);
 * }
 * ```
 */
export class Matrix {
  /** @internal */
  constructor(
    /** The names of the callers, in the order in which they were given. */
    readonly callers: readonly string[],
    /** One for each action, ordered by path and method. */
    readonly rows: readonly MatrixRow[],
  ) {}

  /** A table with a line for each action: `yes`, or the status of the refusal, and what the action requires. */
  toString(): string {
    return matrixText(this.callers, this.rows);
  }
}

/**
 * Finds out who may use which action. The requirements of the actions are asked, with the permissions as they are; nothing
 * else is run, so no body, interceptor or middleware of an action has an effect, and no throttle is charged. What an action asks
 * about an entity (`access.checkObject`) is therefore not in it.
 *
 * Parameters of paths are `1` unless `params` names them.
 *
 * @param oauth2 the instance that serves the actions
 * @param callers by names: `undefined` for nobody, or what `t.as` takes, as a list. Without scopes a user has no token, as one
 *   who is known by a session
 * @returns the matrix: a text, and data
 * @throws ConfigurationError (rejects) if nothing is served and no controllers are given, an action cannot be served, or
 *   no tests are run
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 * import { accessMatrix } from 'routing-controllers-oauth2/testing';
 *
 * // In Jest: expect(await whoMayWhat(oauth2)).toMatchSnapshot();
 * export async function whoMayWhat(oauth2: OAuth2): Promise<string> {
 *   const matrix = await accessMatrix(oauth2, {
 *     anonymous: undefined,
 *     reader: ['ann', ['books:read']],
 *     shop: [{ client: 'shop' }, ['books:read', 'books:write']],
 *   });
 *   return String(matrix);
 * }
 * ```
 */
export async function accessMatrix(
  oauth2: OAuth2,
  callers: Readonly<Record<string, MatrixCaller>>,
  options: MatrixOptions = {},
): Promise<Matrix> {
  requireTests('accessMatrix');
  const plans = plansOf(oauth2, options);
  const names = Object.keys(callers);
  const known = await Promise.all(names.map((name) => matrixAuthentication(oauth2, name, callers[name])));
  const rows: MatrixRow[] = [];
  for (const plan of plans) rows.push(...(await rowsOf(oauth2, plan, names, known, options)));
  return new Matrix(names, rows.sort(byPathAndMethod));
}

function plansOf({ parts }: OAuth2, { controllers, routePrefix }: MatrixOptions): readonly ActionPlan[] {
  const { served, compiler } = parts.guarding;
  if (controllers === undefined) {
    if (served.length > 0) return served;
    return refuseProblems(['nothing is served by this instance; give the option controllers']) ?? [];
  }
  const compiled = recordedActions(controllers, { routePrefix }).map(({ action }) => compiler.compile(action));
  refuseProblems(compiled.flatMap(({ problem }) => problem ?? []));
  return compiled.flatMap(({ plan }) => plan ?? []);
}

/** What an action of `@All` is asked about. */
const METHODS = ['DELETE', 'GET', 'PATCH', 'POST', 'PUT'];

async function rowsOf(
  oauth2: OAuth2,
  plan: ActionPlan,
  names: readonly string[],
  callers: readonly (Authentication | undefined)[],
  options: MatrixOptions,
): Promise<MatrixRow[]> {
  const { verb, path, controller, method: action } = plan.action;
  const rowOf = async (method: string): Promise<MatrixRow> => {
    const cells: Record<string, MatrixCell> = {};
    for (const [index, name] of names.entries()) cells[name] = await ask(oauth2, plan, method, callers[index], options);
    return {
      method,
      path,
      controller: controller.name,
      action,
      requirement: plan.requirement?.describe() ?? '',
      cells,
    };
  };
  if (verb !== 'ALL') return [await rowOf(verb)];
  const rows = await Promise.all(METHODS.map(rowOf));
  const [first] = rows as [MatrixRow, ...MatrixRow[]];
  const alike = rows.every(({ cells }) => JSON.stringify(cells) === JSON.stringify(first.cells));
  return alike ? [{ ...first, method: 'ALL' }] : rows;
}

const ALLOWED: MatrixCell = Object.freeze({ allowed: true, status: 200, error: undefined });

async function ask(
  { parts }: OAuth2,
  plan: ActionPlan,
  method: string,
  caller: Authentication | undefined,
  { query, headers, params = {} }: MatrixOptions,
): Promise<MatrixCell> {
  const { requirement, action } = plan;
  if (requirement === undefined) return ALLOWED;
  const names = [...action.path.matchAll(/:(\w+)/g)].map(([, name]) => name as string);
  const values = Object.fromEntries(names.map((name) => [name, params[name] ?? '1']));
  const path = action.path.replace(/:(\w+)(\([^)]*\))?\??/g, (_, name: string) =>
    encodeURIComponent(values[name] ?? ''),
  );
  const context = fakeContext({ method, path, query, headers, params: values });
  try {
    const refusal = await requirement.refusal(new RequestAccess(context, caller, parts.guarding.guard, plan));
    return refusal === undefined ? ALLOWED : refusalCell(refusal);
  } catch (error) {
    return refusalCell(error);
  }
}

function refusalCell(error: unknown): MatrixCell {
  if (error instanceof OAuth2Error) return { allowed: false, status: error.status, error: error.code };
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { allowed: false, status: httpErrorStatus(error) ?? 500, error: said };
}

function byPathAndMethod(one: MatrixRow, other: MatrixRow): number {
  if (one.path !== other.path) return one.path < other.path ? -1 : 1;
  return one.method < other.method ? -1 : one.method > other.method ? 1 : 0;
}
