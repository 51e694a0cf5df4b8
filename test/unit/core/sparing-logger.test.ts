import { expect, test } from '@jest/globals';
import { silentLogger } from '../../../src/core/logger.js';
import { SparingLogger } from '../../../src/core/sparing-logger.js';

test('errors that come with every request are logged once a second, with the count of those left out', () => {
  let now = 0;
  const lines: string[] = [];
  const clock = { nowMilliseconds: () => 0, monotonicMilliseconds: () => now };
  const logger = new SparingLogger({ ...silentLogger, error: (message) => lines.push(message) }, clock);
  logger.error('away');
  now = 999;
  logger.error('away');
  logger.error('away');
  now = 1000;
  logger.error('away');
  now = 2000;
  logger.error('away');
  expect(lines).toEqual(['away', 'away (and 2 more like it)', 'away']);
});
