import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.js';
import { LogLimiter } from '../../../src/core/log-limiter.js';
import { type Logger, structuredLogger, writeLine } from '../../../src/core/logger.js';

function recording(lines: unknown[][]): Logger & Record<'info' | 'warn' | 'error', (...line: never[]) => void> {
  const write = (...line: unknown[]) => void lines.push(line);
  return { info: write, warn: write, error: write };
}

describe('a line about a request', () => {
  test('reaches a structured logger as an object, with its cause and the id of the request, and a message', () => {
    const lines: unknown[][] = [];
    const log = new LogLimiter(structuredLogger(recording(lines)), systemClock);
    log.error('outage: database', 'The database does not answer.', 'request-7');
    expect(lines).toEqual([[{ kind: 'outage: database', requestId: 'request-7' }, 'The database does not answer.']]);
  });

  test('reaches any other logger as one text, with the id of the request', () => {
    const lines: unknown[][] = [];
    const log = new LogLimiter(recording(lines), systemClock);
    log.error('outage: database', 'The database does not answer.', 'request-7');
    log.error('other', 'Without a request.');
    expect(lines).toEqual([['The database does not answer. (request request-7)'], ['Without a request.']]);
  });

  test('is held back under attack, and the next one says how many there were', () => {
    const lines: unknown[][] = [];
    let now = 0;
    const clock = { nowMilliseconds: () => now, monotonicMilliseconds: () => now };
    const log = new LogLimiter(structuredLogger(recording(lines)), clock);
    for (let count = 0; count < 100; count += 1) log.error('fault', `Fault ${count}`, `request-${count}`);
    log.flush();
    now = 5_000;
    expect(lines).toEqual([
      [{ kind: 'fault', requestId: 'request-0' }, 'Fault 0'],
      [{ kind: 'fault', requestId: 'request-99', omitted: 98 }, '… and 99 more like it, the last: Fault 99'],
    ]);
  });

  test('of the package that needs no limit reaches a structured logger with its message too', () => {
    const lines: unknown[][] = [];
    structuredLogger(recording(lines)).warn('Something.');
    expect(lines).toEqual([[{}, 'Something.']]);
  });
});

test('a structured logger has each level, and a line has only what is known of it', () => {
  const lines: unknown[][] = [];
  const levelled = (level: string) => (object: object, message: string) => void lines.push([level, object, message]);
  const logger = structuredLogger({ info: levelled('info'), warn: levelled('warn'), error: levelled('error') });
  logger.info('a');
  logger.warn('b');
  logger.error('c');
  writeLine(logger, 'warn', 'd', {});
  writeLine(logger, 'warn', 'e', { omitted: 0 });
  writeLine(logger, 'warn', 'f', { omitted: 1, kind: 'k', requestId: 'r' });
  expect(lines).toStrictEqual([
    ['info', {}, 'a'],
    ['warn', {}, 'b'],
    ['error', {}, 'c'],
    ['warn', {}, 'd'],
    ['warn', {}, 'e'],
    ['warn', { kind: 'k', requestId: 'r', omitted: 1 }, 'f'],
  ]);
});
