import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TimeZone } from '../../../src/cli/import/django/time-zone.js';

const named = (name: string) => TimeZone.named(name) ?? fail(name);
function fail(name: string): never {
  throw new Error(`No zone ${name}.`);
}

/** What clocks in a zone show at a moment, as if it were UTC; told by another way of writing it than that of the source. */
function shownAt(moment: number, timeZone: string): number {
  const text = new Date(moment).toLocaleString('sv-SE', { timeZone });
  return Date.parse(`${text.replace(' ', 'T')}Z`) + (moment % 1000);
}

describe('a time zone', () => {
  test.each([
    ['Europe/Berlin', '2026-01-15 12:00', '2026-01-15 11:00'],
    ['Europe/Berlin', '2026-07-15 12:00', '2026-07-15 10:00'],
    ['America/Chicago', '2026-12-31 23:30', '2027-01-01 05:30'],
    ['Asia/Kathmandu', '2026-07-15 00:00', '2026-07-14 18:15'],
    ['Pacific/Apia', '2026-07-15 00:00', '2026-07-14 11:00'],
    ['UTC', '2026-07-15 00:00', '2026-07-15 00:00'],
  ])('%s: clocks show %s at %s UTC', (zone, shown, moment) => {
    expect(named(zone).momentOf(Date.parse(`${shown}Z`))).toBe(Date.parse(`${moment}Z`));
  });

  test('a time that clocks show twice is the earlier moment', () => {
    expect(named('Europe/Berlin').momentOf(Date.parse('2026-10-25 02:30Z'))).toBe(Date.parse('2026-10-25 00:30Z'));
    expect(named('Australia/Lord_Howe').momentOf(Date.parse('2026-04-05 01:45Z'))).toBe(
      Date.parse('2026-04-04 14:45Z'),
    );
  });

  test('a time that clocks skip is not later than the first one after it', () => {
    const moment = named('Europe/Berlin').momentOf(Date.parse('2026-03-29 02:30Z'));

    expect(moment).toBeLessThanOrEqual(Date.parse('2026-03-29 01:00Z'));
    expect(moment).toBeGreaterThanOrEqual(Date.parse('2026-03-29 00:00Z'));
  });

  test('of each moment, what clocks show is the first moment at which they show it', () => {
    const zones = fc.constantFrom('Europe/Berlin', 'America/Chicago', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC');
    const moments = fc.integer({ min: Date.parse('2015-01-01'), max: Date.parse('2040-01-01') });
    fc.assert(
      fc.property(zones, moments, (zone, moment) => {
        const found = named(zone).momentOf(shownAt(moment, zone));

        expect(found).toBeLessThanOrEqual(moment);
        expect(shownAt(found, zone)).toBe(shownAt(moment, zone));
      }),
    );
  });

  test('only a name that there is makes one', () => {
    for (const name of ['', 'Europe/Nowhere', 'Berlin, Germany', '__proto__'])
      expect(TimeZone.named(name)).toBeUndefined();
  });
});
