import { describe, expect, test } from '@jest/globals';
import {
  createThrottle,
  memoryEngine,
  type PolicyOptions,
  type ThrottlingOptions,
} from '../../../src/throttling/index.js';

describe('a mistake in the options is an error at start-up that names it', () => {
  const policy = (options: unknown) => ({ policies: { user: options as PolicyOptions } });

  test.each<[string, unknown, RegExp]>([
    ['a rate that is none', policy('5/month'), /policies\.user cannot be "5\/month"/],
    ['an empty window', policy('5/0m'), /policies\.user cannot be "5\/0m": .*no length/],
    ['a policy of nothing', policy(undefined), /policies\.user cannot be undefined/],
    ['a policy that is a number', policy(5), /policies\.user cannot be 5: give a rate/],
    ['a policy without a rate', policy({ subject: 'user' }), /policies\.user\.rate cannot be undefined/],
    [
      'an unknown option of a policy',
      policy({ rate: '5/h', rates: '5/h' }),
      /policies\.user\.rates cannot be set: there is no such option; did you mean throttling\.policies\.user\.rate\?/,
    ],
    ['an unknown subject', policy({ rate: '5/h', subject: 'ip' }), /policies\.user\.subject cannot be "ip"/],
    ['a negative cost', policy({ rate: '5/h', cost: -1 }), /policies\.user\.cost cannot be -1/],
    ['a broken cost', policy({ rate: '5/h', cost: 1.5 }), /policies\.user\.cost cannot be 1\.5/],
    [
      'a cost above the limit',
      policy({ rate: '5/h', cost: 6 }),
      /policies\.user\.cost cannot be 6: it never fits into 5/,
    ],
    ['no rates', policy({ rate: [] }), /policies\.user\.rate cannot be an empty list/],
    ['null among rates', policy({ rate: ['5/h', null] }), /policies\.user\.rate\[1\] cannot be null: use null alone/],
    [
      'two rates of one window',
      policy({ rate: ['60/m', '5/60s'] }),
      /policies\.user\.rate cannot be a list: it has two rates for the same period/,
    ],
    ['a name with a quote', { policies: { 'a"b': '5/h' } }, /its name must be/],
    ['a name with a space', { policies: { 'a b': '5/h' } }, /its name must be/],
    ['a name with a slash', { policies: { 'a/1': '5/h' } }, /its name must be/],
    ['an empty name', { policies: { '': '5/h' } }, /its name must be/],
    [
      'two names alike',
      { policies: { user: '5/h', User: '6/h' } },
      /policies\.User cannot be .*: it differs from the policy user only in case/,
    ],
    [
      'policies that are a list',
      { policies: ['5/h'] },
      /throttling\.policies cannot be .*: give an object such as \{ user: '100\/hour' \}\.$/,
    ],
    [
      'an unknown option',
      { polices: {} },
      /throttling\.polices cannot be set: there is no such option; did you mean throttling\.policies\?/,
    ],
    ['an unknown mode', { whenStoreFails: 'half' }, /throttling\.whenStoreFails cannot be "half": use 'closed'/],
    [
      'an unknown way on',
      { whenLedgerIsLost: 'guess' },
      /throttling\.whenLedgerIsLost cannot be a string: use 'wait' or 'restart'/,
    ],
    [
      'a way on beside an engine',
      { whenLedgerIsLost: 'restart', engine: memoryEngine() },
      /whenLedgerIsLost cannot be "restart": it applies to the default engine; with an engine of your own, pass it to leasedEngine\.$/,
    ],
    ['no deadline', { deadlineMilliseconds: 0 }, /throttling\.deadlineMilliseconds cannot be 0/],
    ['a deadline that is none', { deadlineMilliseconds: Number.NaN }, /throttling\.deadlineMilliseconds cannot be NaN/],
    ['a deadline in words', { deadlineMilliseconds: '50' }, /throttling\.deadlineMilliseconds cannot be "50"/],
    [
      'answers that cannot be told apart',
      { policies: { a: { rate: '1/m', countWhen: 'failed' } } },
      /countWhen cannot be a string: use 'refused' or a function of the status/,
    ],
    [
      'an engine that is none',
      { engine: { consume() {} } },
      /throttling\.engine cannot be .*: give memoryEngine\(\), leasedEngine\(\{ redis \}\) or another object with consume and refund\.$/,
    ],
    [
      'a deadline of more than a minute',
      { deadlineMilliseconds: 60_001 },
      /give milliseconds above 0, at most 60000\.$/,
    ],
    [
      'a hook that is none',
      { onStoreStateChange: 5 },
      /onStoreStateChange cannot be 5: give a function of 'up' or 'down'\.$/,
    ],
    [
      'global policies that are no list',
      { global: 'user' },
      /throttling\.global cannot be .*: give the names of policies, e\.g\. \['user'\]\.$/,
    ],
    [
      'a mode that is near another',
      { whenLedgerIsLost: 'waits' },
      /whenLedgerIsLost cannot be "waits": use 'wait' or 'restart'\.$/,
    ],
    ['a draft that is none', { fields: { version: 'draft-3' } }, /throttling\.fields\.version cannot be "draft-3"/],
    [
      'fields that are no object',
      { fields: false },
      /throttling\.fields cannot be false: use an object, e\.g\. \{ version: false \}\.$/,
    ],
    ['fields that are null', { fields: null }, /throttling\.fields cannot be null/],
    ['an unknown field option', { fields: { versoin: false } }, /throttling\.fields\.versoin/],
    ['a legacy that is none', { fields: { legacy: 'yes' } }, /throttling\.fields\.legacy cannot be "yes"/],
    [
      'a failure budget that is none',
      { failedAuthentication: 'many' },
      /throttling\.failedAuthentication cannot be "many"/,
    ],
    [
      'a failure budget of nothing',
      { failedAuthentication: '0/hour' },
      /throttling\.failedAuthentication cannot be "0\/hour": it would refuse every token; allow at least 1, or null for no budget\.$/,
    ],
    [
      'a rate of a failure budget that is none',
      { failedAuthentication: { rate: 'many' } },
      /throttling\.failedAuthentication\.rate cannot be "many"/,
    ],
    [
      'a member of a failure budget that nobody knows',
      { failedAuthentication: { exempted: [] } },
      /throttling\.failedAuthentication\.exempted cannot be set: .* did you mean throttling\.failedAuthentication\.exempt\?/,
    ],
    [
      'an exemption that is no list',
      { failedAuthentication: { exempt: '10.0.0.0/8' } },
      /throttling\.failedAuthentication\.exempt cannot be a string: give a list of networks/,
    ],
    [
      'an exempt network that is none',
      { failedAuthentication: { exempt: ['10.0.0.0/8', 'example.com'] } },
      /throttling\.failedAuthentication\.exempt\[1\] cannot be a string: give a network/,
    ],
    [
      'an exemption of everybody',
      { failedAuthentication: { exempt: ['::/0'] } },
      /throttling\.failedAuthentication\.exempt\[0\] cannot be .*: it contains every address; for no budget at all give null/,
    ],
  ])('%s', (_, options, message) => {
    expect(() => createThrottle(options as ThrottlingOptions)).toThrow(message);
    expect(() => createThrottle(options as ThrottlingOptions)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError' }),
    );
  });
});

test.each<[string, ThrottlingOptions]>([
  ['nothing', {}],
  ['the shortest deadline', { deadlineMilliseconds: 0.001 }],
  ['the longest deadline', { deadlineMilliseconds: 60_000 }],
  ['a budget of one failure', { failedAuthentication: '1/m' }],
  ['a hook', { onStoreStateChange() {} }],
  ['a way on without an engine', { whenLedgerIsLost: 'wait' }],
  ['each option as it is by default', { engine: undefined, policies: undefined, global: undefined, fields: {} }],
])('%s is no mistake', (_, options) => {
  expect(() => createThrottle(options)).not.toThrow();
});

test('without options, what declares no policy is not throttled', () => {
  expect(createThrottle({}).compile([], 'an action').unlimited).toBe(true);
});
