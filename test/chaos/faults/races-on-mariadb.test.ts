import { startChaosMariadb } from './databases/mariadb.js';
import { describeRaces } from './races/describe-races.js';

describeRaces('races between two processes on MariaDB', { database: startChaosMariadb, roundsInCi: 50 });
