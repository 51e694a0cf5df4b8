import { jest, test } from '@jest/globals';
import fc from 'fast-check';
import { ConfigurationError } from '../../../src/core/errors.js';
import { parseRate } from '../../../src/core/rate.js';
import { forInputs, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { printed } from '../../support/bad-input/secrecy.js';
import { hostileValue, nearly } from '../../support/bad-input/texts.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

const UNITS: Readonly<Record<string, number>> = {
  ...{ s: 1, sec: 1, secs: 1, second: 1, seconds: 1 },
  ...{ m: 60, min: 60, mins: 60, minute: 60, minutes: 60 },
  ...{ h: 3600, hr: 3600, hrs: 3600, hour: 3600, hours: 3600 },
  ...{ d: 86_400, day: 86_400, days: 86_400 },
};
const count = fc.oneof(
  fc.integer({ min: 0, max: 400 }).map(String),
  fc.maxSafeInteger().map((number) => String(Math.abs(number))),
  fc.constantFrom(
    '',
    '0',
    '00',
    '007',
    '999999999999999',
    '1000000000000000',
    '9'.repeat(400),
    '31622400',
    '31622401',
    '366',
    '367',
  ),
);
const rate = fc
  .tuple(
    count,
    count,
    fc.oneof(fc.constantFrom(...Object.keys(UNITS)), fc.constantFrom('month', 'w', 'ms', 'toString')),
  )
  .map(([limit, periods, unit]) => `${limit}/${periods}${unit}`);

/** Written once more and otherwise, digit by digit; `undefined`: it is no rate. */
function expected(text: string): readonly [limit: number, seconds: number] | undefined {
  const [limit = '', period = '', ...more] = text.split('/');
  const digits = [...period].findIndex((character) => character < '0' || character > '9');
  const periods = period.slice(0, Math.max(0, digits));
  const unit = digits < 0 ? '' : period.slice(digits);
  const isNumber = limit !== '' && [...limit].every((character) => character >= '0' && character <= '9');
  const seconds = Object.entries(UNITS).find(([name]) => name === unit)?.[1];
  if (more.length > 0 || !isNumber || seconds === undefined) return undefined;
  const window = periods === '' ? BigInt(seconds) : BigInt(periods) * BigInt(seconds);
  if (BigInt(limit) > 999_999_999_999_999n || window < 1n || window > 31_622_400n) return undefined;
  return [Number(limit), Number(window)];
}

test('a rate is read whole, or it ends start-up: nothing is guessed, and nothing else is thrown', () => {
  let read = 0;
  forInputs(
    fc.property(
      fc.oneof({ weight: 2, arbitrary: rate }, { weight: 2, arbitrary: nearly(rate) }, hostileValue),
      (given) => {
        const wanted = typeof given === 'string' ? expected(given) : given === null ? null : undefined;
        let found: ReturnType<typeof parseRate>;
        try {
          found = parseRate(given as string, 'throttling.policies.user.rate');
        } catch (error) {
          if (!(error instanceof ConfigurationError)) throw new Error(`Not a configuration error: ${printed(error)}`);
          if (wanted !== undefined) throw new Error(`Refused: ${JSON.stringify(given)}`);
          return;
        }
        read += 1;
        const [limit, seconds] = wanted ?? [];
        const isSame = found === null ? wanted === null : found.limit === limit && found.windowSeconds === seconds;
        if (!isSame || found?.windowMilliseconds !== (seconds === undefined ? undefined : seconds * 1000)) {
          throw new Error(`${JSON.stringify(found)} for ${JSON.stringify(given)}`);
        }
      },
    ),
  );
  // So that nothing is proven by refusing everything.
  if (read === 0) throw new Error('No rate was read.');
});
