import { test } from '@jest/globals';
import { postgresPrograms } from '../../support/postgres-process.js';
import { startChaosPostgres } from './databases/postgres.js';
import { describeFaults } from './faults.js';
import { databaseFaults } from './list/database.js';

if (postgresPrograms() === undefined) {
  test.skip('two processes on PostgreSQL: the programs postgres and initdb are not on this machine', () => {});
} else {
  describeFaults(
    'two processes on PostgreSQL',
    'chaos:postgres',
    { database: startChaosPostgres },
    databaseFaults('PostgreSQL'),
  );
}
