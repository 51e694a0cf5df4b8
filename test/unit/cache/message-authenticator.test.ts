import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MessageAuthenticator } from '../../../src/resource-server/cache/message-authenticator.js';
import { readStoredToken, writeStoredToken } from '../../../src/resource-server/cache/token-json.js';
import { active, KEY } from '../../support/cache/verifications.js';

const FIRST = Buffer.alloc(32, 1);
const SECOND = Buffer.alloc(32, 2);
const ours = new MessageAuthenticator('ours', [FIRST]);
const place = ['oauth2:ours:token:key', 'default|run'];

/** Every change of one character, and one more or less of it anywhere. */
const mutation = (text: string) =>
  fc
    .tuple(
      fc.nat(text.length),
      fc.constantFrom('replace', 'insert', 'delete', 'cut', 'swap'),
      fc.string({ minLength: 1, maxLength: 2 }),
    )
    .map(([at, how, other]) => {
      const [before, after] = [text.slice(0, at), text.slice(at)];
      switch (how) {
        case 'replace':
          return before + other + after.slice(1);
        case 'insert':
          return before + other + after;
        case 'delete':
          return before + after.slice(1);
        case 'cut':
          return before;
        default:
          return before.slice(0, -1) + after.slice(0, 1) + before.slice(-1) + after.slice(1);
      }
    });

describe('what is authenticated', () => {
  test('[RS-62] is read back where it was written, whatever it says', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (anyPlace, text) => {
        expect(ours.verify(anyPlace, ours.sign(anyPlace, text))).toBe(text);
      }),
    );
  });

  test('[RS-62] no mutated entry verifies', () => {
    const { token } = active();
    const signed = ours.sign(place, writeStoredToken({ token, foundAtMilliseconds: 1, generation: 1 }) as string);
    expect(readStoredToken(ours.verify(place, signed) ?? '', KEY)).toBeDefined();
    fc.assert(
      fc.property(mutation(signed), (mutated) => {
        fc.pre(mutated !== signed);
        expect(ours.verify(place, mutated)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  test('[RS-62] a single flipped bit anywhere is not read', () => {
    const signed = ours.sign(place, 'text');
    for (let at = 0; at < signed.length; at += 1) {
      for (let bit = 0; bit < 7; bit += 1) {
        const flipped = String.fromCharCode(signed.charCodeAt(at) ^ (1 << bit));
        expect(ours.verify(place, signed.slice(0, at) + flipped + signed.slice(at + 1))).toBeUndefined();
      }
    }
  });

  test('[RS-62] is not read at another place, however the parts are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), fc.string(), (one, other, text) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(ours.verify(other, ours.sign(one, text))).toBeUndefined();
      }),
    );
    expect(ours.verify(['a', 'bc'], ours.sign(['ab', 'c'], 'text'))).toBeUndefined();
    expect(ours.verify(['a'], ours.sign([], '1:atext'))).toBeUndefined();
    // A part that is moved from the text into the place.
    expect(ours.verify(['a'], ours.sign([], '1:atext').replace('1:a', ''))).toBeUndefined();
    expect(ours.verify([], ours.sign(['a'], 'text').replace('.text', '.1:atext'))).toBeUndefined();
    expect(ours.verify([], ours.sign(['a'], 'text'))).toBeUndefined();
  });

  test('[RS-62] is not read in another database, with the same key', () => {
    expect(new MessageAuthenticator('theirs', [FIRST]).verify(place, ours.sign(place, 'text'))).toBeUndefined();
  });

  test('[RS-62] is not read with another key, nor without any', () => {
    expect(new MessageAuthenticator('ours', [SECOND]).verify(place, ours.sign(place, 'text'))).toBeUndefined();
    for (const bare of ['', 'text', '{"version":2}', 'm1.', 'm1...text'])
      expect(ours.verify(place, bare)).toBeUndefined();
  });

  test('[RS-62] keys are replaced one after the other: the first signs, each verifies', () => {
    const before = ours;
    const prepared = new MessageAuthenticator('ours', [FIRST, SECOND]);
    const changed = new MessageAuthenticator('ours', [SECOND, FIRST]);
    const after = new MessageAuthenticator('ours', [SECOND]);
    const inOrder = [before, prepared, changed, after];
    for (const [index, one] of inOrder.entries()) {
      for (const neighbour of inOrder.slice(Math.max(0, index - 1), index + 2)) {
        expect(neighbour.verify(place, one.sign(place, 'text'))).toBe('text');
      }
    }
    expect(after.verify(place, before.sign(place, 'text'))).toBeUndefined();
  });

  test('shows nothing of its keys', () => {
    const signed = ours.sign(place, '');
    for (const encoding of ['hex', 'base64url', 'latin1'] as const) {
      expect(signed).not.toContain(FIRST.toString(encoding).slice(0, 8));
    }
  });
});
