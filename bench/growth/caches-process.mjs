/** Verifies many tokens once, and says how much larger the process has become by them. */
import { createOAuth2 } from 'routing-controllers-oauth2';
import { accessToken, RESOURCE } from './seed.mjs';

const AT_ONCE = 50;
const WARM_UP = 2_000;
const { url, tokens, firstLive, redis, keyPrefix } = JSON.parse(process.argv[2]);
const oauth2 = createOAuth2({
  database: url,
  redis,
  keyPrefix,
  cache: {
    maxEntries: tokens + WARM_UP,
    revocationBoundSeconds: 60,
    ...(redis !== undefined && { maxAgeSeconds: 300 }),
  },
  resource: RESOURCE,
  opaqueTokens: { unchecked: 'accept' },
});
await oauth2.ready();
let number = firstLive;
await verify(WARM_UP);
const before = memory();
await verify(tokens);
const after = memory();
process.send({ heapBytes: after.heapUsed - before.heapUsed, residentBytes: after.rss - before.rss });
await oauth2.close();
process.disconnect();

async function verify(count) {
  for (let done = 0; done < count; done += AT_ONCE) {
    const chosen = Array.from({ length: Math.min(AT_ONCE, count - done) }, nextToken);
    await Promise.all(chosen.map((token) => oauth2.tokens.verify(token)));
  }
}

/** Each twentieth one is revoked. */
function nextToken() {
  do number += 1;
  while (number % 20 === 7);
  return accessToken(number);
}

function memory() {
  for (let round = 0; round < 3; round += 1) globalThis.gc();
  return process.memoryUsage();
}
