import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { isGeneratedSecret } from '../../../src/core/secret-strength.js';

describe('a secret counts as generated', () => {
  test.each([
    ['22 characters of base64url', 'aB3xK9mQ2rT7vW1yZ5cD8f'],
    ['32 hexadecimal digits', '9f86d081884c7d659a2feaa0c55ad015'],
    ['base64 with padding', 'q83vASNFZ4mrze/+3LqYdlQyEA=='],
    ['a UUID', '3d6f4a91-8b2c-4e07-9f15-c2a8e7b03d64'],
    ['a text of twelve different characters', 'a7c9e1g3i5kba7e9k1g5i3a1c7'],
    ['a text a quarter of which repeats what came before', 'q6Vr1Yn9Hmp3Xw8KtZp3Xw8KtZ'],
    ['of letters and digits that are three apart', 'a0d3g6j9m2p5s8v1y4b7e0h3k6'],
    ['of 40 characters, two thirds of them in words', 'vanillaMeadow3Q8Z1copperRiverish7K2W9X4P'],
    ['of 44 characters, three quarters of them in words', 'graniteVelvet3Q8Z1pumpkinHarbors7K2walnut9X4'],
  ])('if it is %s', (_name, secret) => {
    expect(isGeneratedSecret(secret)).toBe(true);
  });

  test('nearly always if it is random', () => {
    const random = Array.from({ length: 200 }, () => randomBytes(32).toString('base64url'));
    expect(random.filter(isGeneratedSecret).length).toBeGreaterThan(190);
  });

  test.each([
    ['shorter than 128 bits', 'aB3xK9mQ2rT7vW1yZ5cD8'],
    ['with a character that no generator uses', 'aB3xK9mQ2rT7vW1yZ5cD8 '],
    ['with something in front of it', '!aB3xK9mQ2rT7vW1yZ5cD8f'],
    ['with too much padding', 'aB3xK9mQ2rT7vW1yZ5cD8f==='],
    ['of lower-case letters alone', 'xkqzvbnwpdjfhgtmrclsyaioue'],
    ['of digits alone', '83920174658390217465839201'],
    ['of lower-case letters and punctuation', 'x_k-q.z~v+b/n_w-p.d~j+f/h'],
    ['of few different characters', 'a1b2a2b1a1b1a2b2b1a2b2a1a2b1'],
    ['with eleven different ones', 'a7c9e1g3i5kca7e9k1g5i3a1c7'],
    ['a text that repeats itself', 'Secret-k7Secret-k7Secret-k7Secret-k7'],
    ['a text more than a quarter of which repeats what came before', 'q6Vr1Yn9p3Xw8KtZbp3Xw8KtZb'],
    ['a sequence', 'abcdefghijklm0123456789'],
    ['a sequence of every second character', 'a1b2c3d4e5f6g7h8i9j0k1l2m3'],
    ['the same backwards', 'zyxwvutsrqponm9876543210'],
    ['of words', 'correctHorseBatteryStaple1'],
    ['of 30 characters, two thirds of them in words', 'kestrelFoundry7Q4Z9harbor2W8X5'],
    ['of many words', 'thisIsTheSecretOfOurOwnApplicationAndNobodyKnowsIt7'],
    ['of words in capitals', 'CORRECT-HORSE-BATTERY-STAPLE-9'],
  ])('not %s', (_name, secret) => {
    expect(isGeneratedSecret(secret)).toBe(false);
  });
});
