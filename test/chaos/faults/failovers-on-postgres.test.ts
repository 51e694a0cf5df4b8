import { startChaosPostgres, wherePostgresIs } from './databases/postgres.js';
import { describeFaults } from './faults.js';
import { orInCi } from './form.js';
import { FAILOVERS } from './list/redis.js';

wherePostgresIs('three processes on PostgreSQL and Redis with Sentinel', (name) =>
  describeFaults(
    name,
    'chaos:failovers-on-postgres',
    { database: startChaosPostgres, processes: 3, withSentinel: true },
    orInCi(FAILOVERS, 'the master of Redis is killed, and Sentinel fails over'),
  ),
);
