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
    ['a rate that is none', policy('5/month'), /"user".*"5\/month"/],
    ['an empty window', policy('5/0m'), /"user".*no length/],
    ['a policy of nothing', policy(undefined), /"user"/],
    ['a policy that is a number', policy(5), /"user".*give a rate/],
    ['a policy without a rate', policy({ subject: 'user' }), /"user"/],
    ['an unknown option of a policy', policy({ rate: '5/h', rates: '5/h' }), /"user": unknown option "rates"/],
    ['an unknown subject', policy({ rate: '5/h', subject: 'ip' }), /"user", subject: "ip"/],
    ['a negative cost', policy({ rate: '5/h', cost: -1 }), /"user": -1/],
    ['a broken cost', policy({ rate: '5/h', cost: 1.5 }), /"user": 1.5/],
    ['a cost above the limit', policy({ rate: '5/h', cost: 6 }), /"user": a cost of 6 never fits into 5/],
    ['no rates', policy({ rate: [] }), /"user": the list of rates is empty/],
    ['null among rates', policy({ rate: ['5/h', null] }), /"user": null stands alone/],
    ['two rates of one window', policy({ rate: ['60/m', '5/60s'] }), /"user": two rates for the same period/],
    ['a name with a quote', { policies: { 'a"b': '5/h' } }, /"a\\"b": not a name/],
    ['a name with a space', { policies: { 'a b': '5/h' } }, /not a name/],
    ['a name with a slash', { policies: { 'a/1': '5/h' } }, /not a name/],
    ['an empty name', { policies: { '': '5/h' } }, /not a name/],
    ['two names alike', { policies: { user: '5/h', User: '6/h' } }, /"user" and "User" differ in case only/],
    ['policies that are a list', { policies: ['5/h'] }, /throttling\.policies/],
    ['an unknown option', { polices: {} }, /throttling\.polices: no such option/],
    ['an unknown mode', { whenStoreFails: 'half' }, /throttling\.whenStoreFails: half; use 'closed'/],
    [
      'an unknown way on',
      { whenLedgerIsLost: 'guess' },
      /throttling\.whenLedgerIsLost: guess; use 'wait' or 'restart'/,
    ],
    [
      'a way on beside an engine',
      { whenLedgerIsLost: 'wait', engine: memoryEngine() },
      /whenLedgerIsLost: wait; it is for the default engine/,
    ],
    ['no deadline', { deadlineMilliseconds: 0 }, /throttling\.deadlineMilliseconds: 0/],
    ['a deadline that is none', { deadlineMilliseconds: Number.NaN }, /throttling\.deadlineMilliseconds: NaN/],
    ['a deadline in words', { deadlineMilliseconds: '50' }, /throttling\.deadlineMilliseconds: 50/],
    ['an engine that is none', { engine: {} }, /throttling\.engine/],
    ['a draft that is none', { fields: { version: 'draft-3' } }, /throttling\.fields\.version: draft-3/],
    ['fields that are no object', { fields: false }, /throttling\.fields: false/],
    ['fields that are null', { fields: null }, /throttling\.fields: null/],
    ['an unknown field option', { fields: { versoin: false } }, /throttling\.fields\.versoin/],
    ['a legacy that is none', { fields: { legacy: 'yes' } }, /throttling\.fields\.legacy: yes/],
    ['a failure budget that is none', { failedAuthentication: 'many' }, /throttling\.failedAuthentication: "many"/],
    ['a failure budget of nothing', { failedAuthentication: '0/m' }, /throttling\.failedAuthentication: 0\/m/],
  ])('%s', (_, options, message) => {
    expect(() => createThrottle(options as ThrottlingOptions)).toThrow(message);
    expect(() => createThrottle(options as ThrottlingOptions)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError' }),
    );
  });
});
