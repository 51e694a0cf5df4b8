/** Uses a database and perhaps Redis, closes when it is told to, and then has to end by itself. */
import { createOAuth2 } from '../../../src/public/index.js';

const [database = '', redis = ''] = process.argv.slice(2);
const silent = { info() {}, warn() {}, error() {} };
const oauth2 = createOAuth2({ database, logger: silent, ...(redis === '' ? {} : { redis }) });

const pending: Promise<unknown>[] = [];
const ask = () => pending.push(oauth2.tokens.inspect('t'.repeat(43)).catch(() => undefined));

process.on('message', async (message) => {
  if (message === 'ask') {
    await Promise.all([1, 2, 3, 4].map(() => oauth2.tokens.inspect('t'.repeat(43)).catch(() => undefined)));
    process.send?.('asked');
  }
  if (message === 'close') {
    for (let count = 0; count < 20; count++) ask();
    await new Promise(setImmediate);
    await Promise.all([oauth2.close(), oauth2.close()]);
    await Promise.all(pending);
    process.send?.('closed', () => process.disconnect());
  }
});
process.send?.('made');
