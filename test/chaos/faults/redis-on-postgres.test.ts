import { startChaosPostgres, wherePostgresIs } from './databases/postgres.js';
import { describeFaults } from './faults.js';
import { orInCi } from './form.js';
import { REDIS_FAULTS } from './list/redis.js';

wherePostgresIs('four processes on PostgreSQL and Redis', (name) =>
  describeFaults(
    name,
    'chaos:redis-on-postgres',
    { database: startChaosPostgres, processes: 4 },
    // In one the database has to answer what Redis does not, and in the other it holds the only memory of what was revoked.
    orInCi(REDIS_FAULTS, 'Redis is frozen', 'Redis restarts empty'),
  ),
);
