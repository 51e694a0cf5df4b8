import type { Knex } from 'knex';
import type { NotedStatement } from './noted-statements.js';

/** Few rows, whatever the number of users and tokens; also by the aliases that statements use. */
const SMALL = new Set([
  'oauth2_applications',
  'oauth2_revocations',
  'oauth2_signing_keys',
  'oauth2_database_identity',
  'oauth2_migrations',
  'oauth2_migrations_unfinished',
  'a',
  'm',
]);

interface MysqlStep {
  readonly select_type: string;
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
}

interface PostgresStep {
  readonly 'Node Type': string;
  readonly 'Total Cost': number;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Filter?: string;
  readonly Plans?: readonly PostgresStep[];
}

/** A connection of either driver, as far as it takes a statement with the values that are bound in it. */
interface PlainConnection {
  promise?(): { query(sql: string, values: readonly unknown[]): Promise<[unknown]> };
  query(sql: string, values: readonly unknown[]): Promise<{ readonly rows: unknown }>;
}

/**
 * What is wrong with the plan of a statement: that it reads a large table from one end to the other, or an index of it without
 * a condition while it looks for some rows only. Empty: nothing.
 */
export async function scansOf(knex: Knex, statement: NotedStatement, setting?: string): Promise<string[]> {
  const steps = await stepsOf(knex, statement, setting);
  return steps.flatMap(({ table, scans }) => (scans && !SMALL.has(table) ? [`${table}: ${statement.sql}`] : []));
}

/**
 * Whether an index gives the rows of a statement in their order, so that a page of them costs the same however many there are.
 * PostgreSQL sorts a few hundred rows all the same; it is asked what it would do if it could not.
 */
export async function isOrderedByIndex(knex: Knex, statement: NotedStatement): Promise<boolean> {
  const plan = JSON.stringify(await explained(knex, statement, 'SET enable_sort = off'));
  const scans = await scansOf(knex, statement, 'SET enable_sort = off');
  return scans.length === 0 && !/filesort|"Node Type": ?"Sort"/.test(plan);
}

async function stepsOf(
  knex: Knex,
  statement: NotedStatement,
  setting?: string,
): Promise<{ table: string; scans: boolean }[]> {
  const plan = await explained(knex, statement, setting);
  if (knex.client.driverName === 'mysql2') {
    const hasCondition = /\bwhere\b/i.test(statement.sql);
    return (plan as readonly MysqlStep[])
      .filter(({ select_type: kind, table }) => kind !== 'INSERT' && table !== null && !table.startsWith('<'))
      .map(({ table, type }) => ({
        table: table ?? '',
        scans: type === 'ALL' || (type === 'index' && hasCondition),
      }));
  }
  const [
    {
      'QUERY PLAN': [{ Plan: root }],
    },
  ] = plan as [{ 'QUERY PLAN': [{ Plan: PostgresStep }] }];
  return postgresSteps(root, undefined);
}

function postgresSteps(
  step: PostgresStep,
  limit: PostgresStep | undefined,
): { readonly table: string; readonly scans: boolean }[] {
  const below = step['Node Type'] === 'Limit' ? step : limit;
  const rest = (step.Plans ?? []).flatMap((one) => postgresSteps(one, below));
  const table = step['Relation Name'];
  if (table === undefined || step['Node Type'] === 'ModifyTable') return rest;
  const isSearch = step['Node Type'] === 'Seq Scan' || (isUnconditional(step) && step.Filter !== undefined);
  // A page of what fills much of a table is found soon, without an index.
  const endsSoon = limit !== undefined && limit['Total Cost'] <= step['Total Cost'] / 10;
  return [{ table, scans: isSearch && !endsSoon }, ...rest];
}

function isUnconditional(step: PostgresStep): boolean {
  return step['Node Type'].startsWith('Index') && step['Index Cond'] === undefined;
}

async function explained(knex: Knex, { sql, values }: NotedStatement, setting?: string): Promise<unknown> {
  const connection = (await knex.client.acquireConnection()) as PlainConnection;
  try {
    if (connection.promise !== undefined) return (await connection.promise().query(`EXPLAIN ${sql}`, values))[0];
    if (setting !== undefined) await connection.query(setting, []);
    const { rows } = await connection.query(`EXPLAIN (FORMAT JSON) ${sql}`, values);
    await connection.query('RESET ALL', []);
    return rows;
  } finally {
    await knex.client.releaseConnection(connection);
  }
}
