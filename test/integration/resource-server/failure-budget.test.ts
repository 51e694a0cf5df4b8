import { expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { TemporarilyUnavailableError, ThrottledError } from '../../../src/core/errors.js';
import { BearerAuthenticator, type BearerParts } from '../../../src/resource-server/authentication/bearer.js';

test('[TH-48] a look-up that was shared with a throttled address, and then fails by itself, is no failure of the caller', async () => {
  let held = 0;
  const answers = [new ThrottledError(5), new TemporarilyUnavailableError({})];
  const parts = {
    verifier: { verify: () => ({ status: 'invalid' }) },
    cache: { peek: () => undefined, resolve: () => Promise.reject(answers.shift()) },
    failures: {
      reserve: () => {
        held += 1;
        const release = () => {
          held -= 1;
        };
        return { allowed: true, retryAfterSeconds: 0, release };
      },
    },
    address: () => 'ip:192.0.2.1',
  } as unknown as BearerParts;
  const context = {
    req: { headers: { authorization: 'Bearer abc' }, rawHeaders: ['Authorization', 'Bearer abc'], socket: {} },
  } as unknown as Context;
  await expect(new BearerAuthenticator(parts, {}).authenticate(context)).rejects.toMatchObject({ status: 503 });
  expect(held).toBe(0);
});
