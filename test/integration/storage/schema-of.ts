import type { Knex } from 'knex';
import { dialectOf } from '../../../src/storage/index.js';

type Rows = readonly Record<string, string>[];

/** All that a database says of its tables, so that two databases can be compared. */
export async function schemaOf(knex: Knex): Promise<unknown> {
  return READ[dialectOf(knex)](knex);
}

const READ = {
  sqlite: async (knex: Knex) =>
    knex('sqlite_master').whereNot('name', 'like', 'sqlite_%').select('type', 'name', 'sql').orderBy('name'),

  async mysql(knex: Knex) {
    const [tables] = (await knex.raw('show tables')) as [Rows];
    const created: string[] = [];
    for (const name of tables.flatMap((row) => Object.values(row)).sort()) {
      const [[row]] = (await knex.raw('show create table ??', [name])) as [Rows];
      created.push(String(row?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, ''));
    }
    return created;
  },

  async postgres(knex: Knex) {
    const answers: unknown[] = [];
    for (const query of [
      `select table_name, column_name, rank() over (partition by table_name order by ordinal_position), data_type, character_maximum_length, is_nullable, column_default
         from information_schema.columns where table_schema = 'public' order by 1, 3`,
      `select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2`,
      `select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
         where connamespace = 'public'::regnamespace order by 1, 2`,
    ]) {
      answers.push(((await knex.raw(query)) as { rows: Rows }).rows);
    }
    return answers;
  },
};
