import { startChaosMariadb } from './databases/mariadb.js';
import { describeFaults } from './faults.js';
import { REDIS_FAULTS } from './list/redis.js';

describeFaults('two processes and Redis', 'chaos:redis', { database: startChaosMariadb }, REDIS_FAULTS);
