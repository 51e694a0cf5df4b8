import { afterEach, describe, expect, test } from '@jest/globals';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { freePort } from '../../support/ports.js';
import { freshKeyPrefix, redisUrl } from '../../support/services.js';

const lines: string[] = [];
const write = (line: string) => void lines.push(line);
const opened: OAuth2[] = [];
afterEach(async () => {
  lines.length = 0;
  await Promise.all(opened.splice(0).map((oauth2) => oauth2.close()));
});

/** Starts as an application does that has much to do before it looks at what has arrived. */
async function start(redis: string): Promise<void> {
  const logger = { info: write, warn: write, error: write };
  opened.push(createOAuth2({ database: 'sqlite::memory:', redis, keyPrefix: freshKeyPrefix(), logger }));
  // Which database it is for is known from here on, and Redis is being connected.
  await opened[0]?.migrate();
  const end = performance.now() + 700;
  while (performance.now() < end);
  await opened[0]?.ready();
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('a start of the application', () => {
  test('with an available Redis logs nothing, and `ready()` waits for the cache too', async () => {
    await start(redisUrl());
    await pause(600);
    expect(lines).toEqual([]);
  });

  test('without Redis becomes ready nevertheless, and logs once that it is unavailable', async () => {
    const port = await freePort();
    await start(`redis://127.0.0.1:${port}`);
    for (const end = Date.now() + 10_000; lines.length === 0 && Date.now() < end; ) await pause(50);
    await pause(600);
    expect(lines).toEqual([
      `Token cache: Redis is unavailable (not connected to Redis: connect ECONNREFUSED 127.0.0.1:${port}); tokens are looked up in the database.`,
    ]);
  });
});
