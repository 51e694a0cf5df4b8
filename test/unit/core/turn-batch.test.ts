import { expect, test } from '@jest/globals';
import { TurnBatch } from '../../../src/core/turn-batch.js';

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('what comes up in one turn is handed over together, in its order, and split where it is too much', async () => {
  const handed: (readonly number[])[] = [];
  const batch = new TurnBatch<number>(3, (items) => handed.push(items));
  for (let item = 1; item <= 7; item += 1) batch.add(item);
  await Promise.resolve().then(() => batch.add(8));
  expect(handed).toEqual([]);
  await turn();
  expect(handed).toEqual([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8],
  ]);
});

test('as many as are handed over at once are handed over once, and nothing after them', async () => {
  const handed: (readonly number[])[] = [];
  const batch = new TurnBatch<number>(3, (items) => handed.push(items));
  for (let item = 1; item <= 3; item += 1) batch.add(item);
  await turn();
  expect(handed).toEqual([[1, 2, 3]]);
});

test('what comes up while others are handed over waits for the next turn', async () => {
  const handed: (readonly number[])[] = [];
  const batch: TurnBatch<number> = new TurnBatch<number>(3, (items) => {
    handed.push(items);
    if (handed.length === 1) batch.add(2);
  });
  batch.add(1);
  await turn();
  expect(handed).toEqual([[1]]);
  await turn();
  expect(handed).toEqual([[1], [2]]);
});
