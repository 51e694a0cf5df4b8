import { startChaosMariadb } from './databases/mariadb.js';
import { describeFaults } from './faults.js';
import { PROCESS_FAULTS } from './list/processes.js';

describeFaults('four processes', 'chaos:processes', { database: startChaosMariadb, processes: 4 }, PROCESS_FAULTS);
