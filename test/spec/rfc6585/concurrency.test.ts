import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { register, type StackName, useBookstore } from '../../support/bookstore.js';
import { call } from '../../support/spec/http.js';

const LIMIT = 10;
const CALLS = 200;

describe.each<[StackName, number]>([
  ['SQLite + memory', 1],
  ['MariaDB + Redis', 1],
  ['MariaDB + Redis', 2],
])('calls at the same time, on %s with %i processes', (name, processes) => {
  const shop = useBookstore(name, { processes, environment: { THROTTLE_USER: `${LIMIT}/hour` } });

  test('[TH-45] of 200 calls at once at a limit of 10 exactly 10 are admitted', async () => {
    const application = await register(shop.oauth2, 'Busy');
    const token = await shop.issue('api', { application });
    const statuses = await Promise.all(
      Array.from({ length: CALLS }, async (_, index) => {
        const url = shop.urls[index % shop.urls.length];
        return (await call(`${url}/api/throttled`, { token })).status;
      }),
    );
    let admitted = statuses.filter((status) => status === 200).length;
    expect(admitted).toBeLessThanOrEqual(LIMIT);
    // A busy machine may miss the deadline of the store; such a call is answered with 503 and must not count.
    expect(statuses.filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
    const again = async () => (await call(`${shop.url}/api/throttled`, { token })).status;
    // What was not admitted for that reason is there again, a moment later.
    while (admitted < LIMIT) {
      if ((await again()) === 200) admitted += 1;
      else await pause(50);
    }
    for (let more = 0; more < LIMIT; more += 1) expect(await again()).not.toBe(200);
  });
});
