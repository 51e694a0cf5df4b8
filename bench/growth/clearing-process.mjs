/** Deletes what has expired when it is told to: `clearing-process.mjs <database URL> <seconds at most>`. */
import { createOAuth2 } from 'routing-controllers-oauth2';
import { longestDeletion } from './statements.mjs';

const [, , database, atMostSeconds] = process.argv;
const oauth2 = createOAuth2({ database });
await oauth2.ready();
const longest = longestDeletion(oauth2.knex);
process.once('message', async () => {
  const begin = performance.now();
  let last = 0;
  let largestBatch = 0;
  // The same options as those of `rc-oauth2 tokens clear-expired`, which counts the rows first.
  const { total } = await oauth2.tokens.clearExpired({
    signal: AbortSignal.timeout(Number(atMostSeconds) * 1000),
    onProgress({ deleted }) {
      largestBatch = Math.max(largestBatch, deleted - last);
      last = deleted;
    },
  });
  const seconds = (performance.now() - begin) / 1000;
  process.send({ seconds, deleted: total, largestBatch, longestLockMilliseconds: longest() });
});
process.send('ready');
