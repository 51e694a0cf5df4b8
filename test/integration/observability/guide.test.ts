import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { EVENT_NAMES } from '../../../src/core/events/event-map.js';

/** The first column of the table below a heading of the guide, without its code marks. */
async function firstColumn(heading: string): Promise<string[]> {
  const guide = await readFile('docs/observability.md', 'utf8');
  const section = guide.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name as string);
}

describe('the tables of the guide are complete, and name nothing else', () => {
  test('events', async () => {
    expect(await firstColumn('Events')).toEqual([...EVENT_NAMES]);
  });
});
