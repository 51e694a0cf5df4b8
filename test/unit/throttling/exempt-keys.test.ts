import { describe, expect, test } from '@jest/globals';
import { createThrottle } from '../../../src/throttling/index.js';

const exempt = ['10.0.0.0/8', 'fd00:1::/32', 'fd00:2:3:4:5::/80'];

describe('the address of a budget of failed authentications', () => {
  test.each([
    ['ip:10.1.2.3', true],
    ['ip:11.1.2.3', false],
    // The address of a network stands for all of it, and so for a smaller network that is exempt.
    ['ip:fd00:1:2:3::/64', true],
    ['ip:fd00:1:2:3::/128', true],
    ['ip:fd00:2:3:4::/64', true],
    ['ip:fd00:2:3:4::1', false],
    ['ip:fd00:2:3:9::/64', false],
    ['ip:fd00:2:3:4:5::/80', true],
    ['ip:fd00:2:3:4:5::1', true],
    ['ip:2001:db8::/64', false],
    // Of pages of other origins, and of one application.
    ['pages:ip:10.1.2.3', true],
    ['pages:ip:11.1.2.3', false],
    ['ip:10.1.2.3 my-app', true],
    ['ip:11.1.2.3 10.1.2.3', false],
    ['pages:ip:fd00:1:2:3::/64 my-app', true],
    // Anything else is no address.
    ['ip:', false],
    ['ip:unknown', false],
    ['10.1.2.3', false],
    ['user:ip:10.1.2.3', false],
    ['ip:10.1.2.3/8/8', false],
  ])('%s: whether it has none is %s', async (key, isExempt) => {
    const { failedAuthentications } = createThrottle({ failedAuthentication: { rate: '1/h', exempt } });
    (await failedAuthentications.reserve(key)).fail();
    expect((await failedAuthentications.reserve(key)).allowed).toBe(isExempt);
    await failedAuthentications.fail(key);
    expect((await failedAuthentications.fail(key)) === 0).toBe(isExempt);
  });

  test('has the rate that stands beside the exemptions, or the usual one', async () => {
    for (const [rate, limit] of [
      ['2/h', 2],
      [undefined, 300],
    ] as const) {
      const { failedAuthentications } = createThrottle({ failedAuthentication: { rate, exempt } });
      const waits = Array.from({ length: limit + 1 }, () => failedAuthentications.fail('ip:11.1.2.3') as number);
      expect(waits.filter((seconds) => seconds > 0)).toHaveLength(1);
    }
  });
});
