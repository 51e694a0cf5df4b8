import { expect, test } from '@jest/globals';
import { ClearingPace } from '../../../src/storage/repositories/clearing-pace.js';

async function sizeAfterSlowBatches(isInProcess: boolean): Promise<number> {
  const pace = new ClearingPace({ isInProcess, batchSize: undefined, pauseMilliseconds: 0 });
  for (let batch = 0; batch < 10; batch += 1) await pace.rest(400, undefined);
  return pace.batchSize;
}

test('batches on a server that answers late stay at a hundred rows, since smaller ones take as long', async () => {
  expect(await sizeAfterSlowBatches(false)).toBe(100);
});

test('batches that block the process become as small as ten rows', async () => {
  expect(await sizeAfterSlowBatches(true)).toBe(10);
});
