import { describe, expect, test } from '@jest/globals';
import { freshStack, startBookstore } from '../../support/bookstore.js';

describe('the metrics of the example', () => {
  test('are served on a port of their own, only to this machine, and not by the bookstore itself', async () => {
    const stack = await freshStack('SQLite + memory');
    const shop = await startBookstore(stack, { METRICS_PORT: '0' });
    try {
      const url = /^Metrics are at (http:\/\/127\.0\.0\.1:\d+\/metrics)$/m.exec(await shop.output())?.[1] as string;
      await fetch(`${shop.url}/api/throttled`);
      const response = await fetch(url);
      expect(response.headers.get('content-type')).toContain('text/plain');
      expect(await response.text()).toContain('\noauth2_access_decisions_total{outcome="no_credentials"} 1\n');
      expect((await fetch(new URL('/', url))).status).toBe(404);
      expect((await fetch(`${shop.url}/metrics`)).status).toBe(404);
      expect(await shop.stop()).toBe(0);
    } finally {
      await shop.stop('SIGKILL');
      await stack.drop();
    }
  });

  test('are not served unless a port is set', async () => {
    const stack = await freshStack('SQLite + memory');
    const shop = await startBookstore(stack);
    expect(await shop.output()).not.toContain('Metrics');
    await shop.stop();
    await stack.drop();
  });
});
