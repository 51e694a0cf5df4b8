import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { EVENT_NAMES } from '../../../src/core/events/event-map.js';
import { METRICS, prometheusName } from '../../../src/observability/metrics.js';
import { ATTRIBUTES, SPAN_NAMES } from '../../../src/observability/opentelemetry/names.js';

/** A column of the tables below a heading of the guide, without its code marks. */
async function columnOf(heading: string, column = 1): Promise<string[]> {
  const guide = await readFile('docs/observability.md', 'utf8');
  const section = guide.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) => row.split('|')[column]?.trim().replaceAll('`', '') ?? '');
}

describe('the tables of the guide are complete, and name nothing else', () => {
  test('events', async () => {
    expect(await columnOf('Events')).toEqual([...EVENT_NAMES]);
  });

  test('metrics, with their names in Prometheus and their labels', async () => {
    expect(await columnOf('Metrics')).toEqual(METRICS.map(({ name }) => name));
    expect(await columnOf('Metrics', 2)).toEqual(METRICS.map(prometheusName));
    expect(await columnOf('Metrics', 3)).toEqual(METRICS.map(({ labels }) => labels.join(', ')));
  });

  test('spans and attributes', async () => {
    const names = await columnOf('Traces');
    const attributes = Object.values(ATTRIBUTES);
    expect(names.slice(0, attributes.length).sort()).toEqual([...attributes].sort());
    expect(names.slice(attributes.length)).toEqual(Object.values(SPAN_NAMES));
    expect((await columnOf('Traces', 2)).slice(attributes.length)).toEqual(Object.keys(SPAN_NAMES));
  });
});
