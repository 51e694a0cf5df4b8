import { startChaosMariadb } from './databases/mariadb.js';
import { describeFaults } from './faults.js';
import { FAILOVERS } from './list/redis.js';

describeFaults(
  'two processes and Redis with Sentinel',
  'chaos:failovers',
  { database: startChaosMariadb, withSentinel: true },
  FAILOVERS,
);
