/** Verifies many tokens once, and says how much larger the process has become by them. */
import { createOAuth2 } from 'routing-controllers-oauth2';
import { accessToken, RESOURCE } from './seed.mjs';

const AT_ONCE = 50;
const WARM_UP = 2_000;
const { url, tokens, redis, keyPrefix } = JSON.parse(process.argv[2]);
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
// The first fifth has expired, and each twentieth one is revoked.
const numbers = Array.from({ length: 2 * tokens }, (_, index) => index + 30_001).filter((number) => number % 20 !== 7);
await verify(numbers.slice(0, WARM_UP));
const before = memory();
await verify(numbers.slice(WARM_UP, WARM_UP + tokens));
const after = memory();
process.send({ heapBytes: after.heapUsed - before.heapUsed, residentBytes: after.rss - before.rss });
await oauth2.close();
process.disconnect();

async function verify(chosen) {
  for (let start = 0; start < chosen.length; start += AT_ONCE) {
    await Promise.all(chosen.slice(start, start + AT_ONCE).map((number) => oauth2.tokens.verify(accessToken(number))));
  }
}

function memory() {
  for (let round = 0; round < 3; round += 1) globalThis.gc();
  return process.memoryUsage();
}
