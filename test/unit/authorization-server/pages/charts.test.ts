import { describe, expect, test } from '@jest/globals';
import { barChart, niceMaximum } from '../../../../src/authorization-server/pages/overview/bar-chart.js';
import { limitChart } from '../../../../src/authorization-server/pages/overview/limit-chart.js';

const FRAME = { id: 'a', title: 'Requests', description: 'Let through: 3' };
const BARS = { ...FRAME, times: ['10:00', '10:30', '11:00'] as const, number: String };

describe('the pictures', () => {
  test('are images with a name and a description, without script and style', () => {
    const svg = barChart({ ...BARS, classNames: ['s1'], slots: [[1], [2]] });
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-labelledby="a-title a-desc"/);
    expect(svg).toContain('<title id="a-title">Requests</title><desc id="a-desc">Let through: 3</desc>');
    expect(svg).not.toMatch(/style=|<style|<script|\son\w+=/);
  });

  test('stack the series of a slot, in proportion, and draw nothing for 0', () => {
    const svg = barChart({
      ...BARS,
      classNames: ['s1', 's2'],
      slots: [
        [1, 3],
        [0, 0],
        [4, 0],
      ],
    });
    const bars = [...svg.matchAll(/<rect class="(s\d)" x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"/g)];
    expect(bars.map(([, series, y, height]) => [series, Number(y), Number(height)])).toEqual([
      ['s1', 112, 34],
      ['s2', 10, 102],
      ['s1', 10, 136],
    ]);
  });

  test('escape whatever a policy or a text contains', () => {
    const policies = [{ name: '<script>"&', peak: 0.5 }];
    const svg = limitChart({ ...FRAME, title: '<b>', policies, percent: (share) => `${share * 100} %` });
    expect(svg).toContain('&lt;script&gt;&quot;&amp;');
    expect(svg).not.toMatch(/<script|<b>/);
  });

  test('show a policy that is near its limit in another colour', () => {
    const of = (peak: number) => limitChart({ ...FRAME, policies: [{ name: 'user', peak }], percent: String });
    expect(of(0.79)).toContain('class="s1"');
    expect(of(0.8)).toContain('class="s2"');
    expect(of(0)).not.toMatch(/class="s/);
  });

  test.each([
    [0, 2],
    [1, 2],
    [3, 4],
    [5, 10],
    [11, 20],
    [400, 400],
    [401, 1000],
  ])('have a scale for %d that ends at %d', (value, top) => {
    expect(niceMaximum(value)).toBe(top);
  });
});
