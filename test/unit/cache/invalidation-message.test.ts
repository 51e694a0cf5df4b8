import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256Key } from '../../../src/core/digest.js';
import type { Invalidation } from '../../../src/resource-server/cache/index.js';
import {
  invalidationMessages,
  parseInvalidationMessage,
} from '../../../src/resource-server/cache/invalidation-message.js';

describe('messages', () => {
  test.each<Invalidation>([
    { kind: 'user', userId: 'alice' },
    { kind: 'user', userId: 'a:b,c *"\n' },
    { kind: 'application', clientId: 'shop' },
    { kind: 'everything' },
  ])('%j is understood as it was meant', (invalidation) => {
    const [message] = invalidationMessages(invalidation, ['x']);
    const generation = 1_700_000_000_100_000;
    expect(parseInvalidationMessage(`${generation} ${message}`)).toEqual({ invalidation, keys: [], generation });
    // Without the number of its mark it does not say what came before it.
    expect(parseInvalidationMessage(message as string)).toBeUndefined();
  });

  test('a token and all keys that go with it are told, each once, in messages of bounded length', () => {
    const keys = Array.from({ length: 250 }, (_, count) => sha256Key(`${count}`));
    const messages = invalidationMessages({ kind: 'token', key: keys[7] as string }, keys);
    expect(messages).toHaveLength(3);
    const told = messages.flatMap((message) => parseInvalidationMessage(message)?.keys);
    expect(told).toHaveLength(250);
    expect(new Set(told)).toEqual(new Set(keys));
  });

  test.each([
    '',
    't',
    't:',
    'u:',
    'a:',
    'x:y',
    '*',
    '**',
    '1 **',
    '1 u:',
    '1 x:y',
    `1 t:${sha256Key('a')}`,
    '12345678901234567 *',
    't:short',
    `t:${sha256Key('a')},`,
    `t:${sha256Key('a')} `,
    '{}',
  ])('what cannot be read is told from what can: %j', (message) => {
    expect(parseInvalidationMessage(message)).toBeUndefined();
  });

  test('any text is read without an error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseInvalidationMessage(text);
      }),
    );
  });
});
