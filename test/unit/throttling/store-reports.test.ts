import { describe, expect, test } from '@jest/globals';
import { StoreReports } from '../../../src/throttling/store-reports.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

function reportsOf(...meanwhile: string[]) {
  const clock = new VirtualClock();
  const reports = new StoreReports(clock);
  const log: string[] = [];
  const write = (level: string) => (line: string) => void log.push(`${level}: ${line}`);
  const logger = { info: write('info'), warn: write('warn'), error: write('error') };
  for (const one of meanwhile) reports.add({ logger, meanwhile: one });
  return { clock, reports, log };
}

describe('the log of a store', () => {
  test('tells another reason why it is still down, at most every ten seconds', () => {
    const { clock, reports, log } = reportsOf('nothing is counted');
    reports.changed('down', new Error('gone'));
    clock.advance(9999);
    reports.stillDown(new Error('wrong password'));
    clock.advance(1);
    reports.stillDown(new Error('gone'));
    expect(log.splice(0)).toEqual(["error: The throttle's store is down, nothing is counted: gone"]);
    reports.stillDown(new Error('wrong password'));
    expect(log.splice(0)).toEqual(["error: The throttle's store is still down, nothing is counted: wrong password"]);
    clock.advance(9999);
    reports.stillDown(new Error('gone'));
    clock.advance(1);
    reports.stillDown(new Error('wrong password'));
    expect(log).toEqual([]);
    reports.stillDown(new Error('gone'));
    expect(log).toEqual(["error: The throttle's store is still down, nothing is counted: gone"]);
  });

  test('tells how many requests were decided without it, at most once a minute', () => {
    const { clock, reports, log } = reportsOf('nothing is counted');
    const line = (requests: string) =>
      `warn: The throttle's store answers, but ${requests} decided without it, because it answered late or failed for them; in this case nothing is counted.`;
    reports.answered();
    expect(log).toEqual([]);
    reports.decidedWithout();
    expect(log.splice(0)).toEqual([line('1 request was')]);
    clock.advance(59_999);
    reports.count();
    reports.answered();
    reports.decidedWithout();
    expect(log).toEqual([]);
    clock.advance(1);
    reports.answered();
    expect(log.splice(0)).toEqual([line('2 requests were')]);
    clock.advance(60_000);
    reports.answered();
    expect(log).toEqual([]);
  });

  test('counts the requests anew after a change', () => {
    const { reports, log } = reportsOf('nothing is counted');
    for (let more = 0; more < 3; more += 1) reports.count();
    reports.changed('down', 'gone');
    reports.changed('up', undefined);
    reports.answered();
    expect(log).toEqual([
      "error: The throttle's store is down, nothing is counted: gone",
      "info: The throttle's store is up again.",
    ]);
  });

  test('tells once what follows for each throttle that writes there', () => {
    const { reports, log } = reportsOf('requests are admitted', 'each process counts', 'requests are admitted');
    reports.changed('down', new Error('gone'));
    expect(log).toEqual(["error: The throttle's store is down, requests are admitted; each process counts: gone"]);
  });
});
