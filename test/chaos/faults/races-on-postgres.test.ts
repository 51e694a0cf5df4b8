import { startChaosPostgres, wherePostgresIs } from './databases/postgres.js';
import { describeRaces } from './races/describe-races.js';

wherePostgresIs('races between two processes on PostgreSQL', (name) =>
  describeRaces(name, { database: startChaosPostgres, roundsInCi: 25 }),
);
