import { expect, test } from '@jest/globals';
import createKnex from 'knex';
import { statementsOf } from '../../../src/storage/migrations/packaged-migration.js';
import { changeOf } from '../../../src/storage/migrations/source.js';
import { DEFAULT_TABLE_NAMES } from '../../../src/storage/tables.js';

test.each(['up', 'down'] as const)(
  'on PostgreSQL indexes are dropped once all new ones are built (%s): a drop locks readers out until the transaction ends',
  async (direction) => {
    const knex = createKnex({ client: 'pg' });
    const { sql } = statementsOf(knex, changeOf('0014_indexes_of_owners', DEFAULT_TABLE_NAMES), direction);
    await knex.destroy();
    const kinds = sql.map((statement) => statement.split(' ')[0]);
    expect(kinds).toEqual([...Array(4).fill('create'), ...Array(4).fill('drop')]);
  },
);
