import type { Knex } from 'knex';

/** A statement as a driver was given it. */
export interface NotedStatement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

type Method = (statement: unknown, ...rest: unknown[]) => unknown;

/** A configuration of knex whose connections note each statement that is sent, whoever sends it and however. */
export function notingDatabase(url: string): {
  readonly configuration: Knex.Config;
  readonly statements: Map<string, NotedStatement>;
} {
  const statements = new Map<string, NotedStatement>();
  const note = (statement: unknown, rest: readonly unknown[]) => {
    const given = (typeof statement === 'string' ? { sql: statement } : statement) as Record<string, unknown>;
    const sql = String(given.sql ?? given.text ?? '');
    const values = (given.values ?? rest.find(Array.isArray) ?? []) as readonly unknown[];
    if (/^\s*(?:select|insert|update|delete)\b/i.test(sql)) statements.set(sql, { sql, values });
  };
  const afterCreate = (connection: Record<string, Method | undefined>, done: (error: null, it: unknown) => void) => {
    for (const name of ['query', 'execute']) {
      const original = connection[name];
      if (original === undefined) continue;
      connection[name] = function noted(this: unknown, statement: unknown, ...rest: unknown[]) {
        note(statement, rest);
        return original.call(this, statement, ...rest);
      };
    }
    done(null, connection);
  };
  const client = url.startsWith('mysql') ? 'mysql2' : 'pg';
  return { configuration: { client, connection: url, pool: { min: 0, max: 4, afterCreate } }, statements };
}
