import { startChaosPostgres, wherePostgresIs } from './databases/postgres.js';
import { describeFaults } from './faults.js';
import { databaseFaults } from './list/database.js';

wherePostgresIs('two processes on PostgreSQL', (name) =>
  describeFaults(name, 'chaos:postgres', { database: startChaosPostgres }, databaseFaults('PostgreSQL')),
);
