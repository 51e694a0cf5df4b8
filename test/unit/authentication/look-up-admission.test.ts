import { expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.js';
import { silentLogger } from '../../../src/core/logger.js';
import { BadTokens } from '../../../src/resource-server/authentication/bad-tokens.js';
import { LookUpAdmission } from '../../../src/resource-server/authentication/look-up-admission.js';

const badTokens = new BadTokens(silentLogger, systemClock);
const ADDRESS = 'ip:192.0.2.1';
const THROTTLED = { code: 'throttled', status: 429 };

/** A budget that is spent when the test says so, and counts what it is told. */
function budget() {
  return {
    retryAfter: 0,
    failures: 0,
    retryAfterSeconds(): number {
      return this.retryAfter;
    },
    fail(): number {
      this.failures += 1;
      return this.retryAfter;
    },
  };
}

test('[TH-48] a look-up takes nothing of the budget; its failure does', async () => {
  const failures = budget();
  const admission = new LookUpAdmission(failures, badTokens);
  for (let count = 0; count < 100; count += 1) admission.enter(ADDRESS, `key ${count}`);
  expect(failures.failures).toBe(0);
  await admission.failed(ADDRESS, 'invalid', 'key 0');
  expect(failures.failures).toBe(1);
});

test('[TH-48] over the budget nothing is looked up but what was good when it was looked up last', async () => {
  const failures = budget();
  const admission = new LookUpAdmission(failures, badTokens);
  admission.succeeded('good');
  failures.retryAfter = 7;
  expect(() => admission.enter(ADDRESS, 'unknown')).toThrow(expect.objectContaining(THROTTLED));
  admission.enter(ADDRESS, 'good');
  await expect(async () => admission.failed(ADDRESS, 'invalid', 'good')).rejects.toMatchObject(THROTTLED);
  expect(() => admission.enter(ADDRESS, 'good')).toThrow(expect.objectContaining(THROTTLED));
});

test('[TH-48] a failure that is known to be over the budget is not counted again', async () => {
  const failures = budget();
  const admission = new LookUpAdmission(failures, badTokens);
  failures.retryAfter = 7;
  await expect(async () => admission.failed(ADDRESS, 'invalid')).rejects.toMatchObject(THROTTLED);
  expect(failures.failures).toBe(0);
});

test('a place that was returned is free again, for each address apart', () => {
  const admission = new LookUpAdmission(undefined, badTokens);
  for (let count = 0; count < 1_000; count += 1) admission.enter(ADDRESS, `key ${count}`);
  const busy = expect.objectContaining({ code: 'temporarily_unavailable' });
  expect(() => admission.enter(ADDRESS, 'one more')).toThrow(busy);
  admission.enter('ip:192.0.2.2', 'one more');
  admission.leave(ADDRESS);
  admission.enter(ADDRESS, 'one more');
  expect(() => admission.enter(ADDRESS, 'yet another')).toThrow(busy);
});
