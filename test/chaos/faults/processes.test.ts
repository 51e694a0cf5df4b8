import { startChaosMariadb } from './databases/mariadb.js';
import { describeFaults } from './faults.js';
import { PROCESS_FAULTS } from './list/processes.js';

describeFaults('three processes', 'chaos:processes', { database: startChaosMariadb, processes: 3 }, PROCESS_FAULTS);
