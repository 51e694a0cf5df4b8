import { startChaosMariadb } from './databases/mariadb.js';
import { describeFaults } from './faults.js';
import { databaseFaults } from './list/database.js';

describeFaults('two processes on MariaDB', 'chaos:mariadb', { database: startChaosMariadb }, databaseFaults('MariaDB'));
