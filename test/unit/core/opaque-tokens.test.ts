import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { TemporarilyUnavailableError } from '../../../src/core/errors.js';
import { OpaqueTokens, readOpaqueTokenOptions, type StoredTokenCheck } from '../../../src/core/opaque-tokens/index.js';
import { OpaqueFormat } from '../../../src/core/opaque-tokens/opaque-format.js';

const SECRET = randomBytes(32);
const BODY = randomBytes(32).toString('base64url');
const PATTERN = /^rco_[A-Za-z0-9_-]{51}$/;

let now = 0;
const said: string[] = [];
const logger = { info: (line: string) => said.push(line), warn: (line: string) => said.push(line), error() {} };
const clock = { nowMilliseconds: () => now, monotonicMilliseconds: () => now };

beforeEach(() => {
  now = 0;
  said.length = 0;
});

/** A text with its check characters, made without the code that is tested. */
function checked(text: string): string {
  const key = Buffer.from(hkdfSync('sha256', SECRET, '', 'routing-controllers-oauth2 opaque tokens', 32));
  return text + createHmac('sha256', key).update(text).digest('base64url').slice(0, 8);
}

/** Tokens that need nothing of the database. */
function tokensWith(options: object): OpaqueTokens {
  const settings = readOpaqueTokenOptions('opaqueTokens', { unchecked: 'refuse', ...options });
  const notAsked = () => Promise.reject(new Error('not asked'));
  return new OpaqueTokens(settings, { read: notAsked, admitUnchecked: notAsked, clock, logger });
}

/** Tokens whose database answers as it is told to. */
function tokensOf(answer: () => Promise<StoredTokenCheck | undefined>, options: object = {}) {
  let reads = 0;
  const read = () => {
    reads += 1;
    return answer();
  };
  let admitted = 0;
  const admitUnchecked = async () => {
    admitted += 1;
  };
  const settings = readOpaqueTokenOptions('opaqueTokens', options);
  const tokens = new OpaqueTokens(settings, { read, admitUnchecked, clock, logger });
  return { tokens, reads: () => reads, admitted: () => admitted };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('the form of opaque tokens', () => {
  test('[RS-71] prefix, 43 random characters, and the first 48 bits of an HMAC-SHA256 over both', () => {
    const token = tokensWith({ checkKeys: [SECRET] }).token(BODY);
    expect(token).toMatch(PATTERN);
    expect(token).toBe(checked(`rco_${BODY}`));
  });

  test('[RS-71] the newest key makes the check characters, and each one verifies them', () => {
    const [old, next, stranger] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    const [before, during, after] = [[old], [next, old], [next]].map((checkKeys) => tokensWith({ checkKeys }));
    expect(during?.isForged(before?.token(BODY) ?? '')).toBe(false);
    expect(during?.isForged(during.token(BODY))).toBe(false);
    expect(after?.isForged(during?.token(BODY) ?? '')).toBe(false);
    expect(after?.isForged(before?.token(BODY) ?? '')).toBe(true);
    expect(during?.isForged(tokensWith({ checkKeys: [stranger] }).token(BODY))).toBe(true);
    expect(during?.tokensOf(BODY)).toEqual([during?.token(BODY), before?.token(BODY), BODY]);
  });

  const good = checked(`rco_${BODY}`);
  test.each([
    ['cut by a character', good.slice(0, -1)],
    ['cut by its check characters', good.slice(0, -8)],
    ['longer by a character', `${good}A`],
    ['padded', `${good}=`],
    ['longer by a NUL', `${good}\0`],
    ['with a NUL in it', good.replace(/.(.{20})$/, '\0$1')],
    ['in capitals', good.toUpperCase()],
    ['with another case of the prefix', `RCO_${good.slice(4)}`],
    ['without the prefix', good.slice(4)],
    ['with the prefix twice', `rco_${good}`],
    ['with another body', `rco_${randomBytes(32).toString('base64url')}${good.slice(-8)}`],
    [
      'with characters whose low bytes are right',
      good.replace(/.$/, (last) => String.fromCharCode(0x100 + last.charCodeAt(0))),
    ],
    ['with check characters of zero', `${good.slice(0, -8)}AAAAAAAA`],
    ['that is the prefix alone', 'rco_'],
    ['that is empty', ''],
    ['of a megabyte', `rco_${'A'.repeat(2 ** 20)}`],
  ])('[RS-71] a token %s is forged', (_what, token) => {
    const tokens = tokensWith({ checkKeys: [SECRET] });
    expect(tokens.isForged(good)).toBe(false);
    expect(tokens.isForged(token)).toBe(true);
  });

  test('[RS-71] each character is checked, and each other value of it is wrong', () => {
    const tokens = tokensWith({ checkKeys: [SECRET] });
    for (let index = 0; index < good.length; index += 1) {
      const other = good[index] === 'A' ? 'B' : 'A';
      expect(tokens.isForged(good.slice(0, index) + other + good.slice(index + 1))).toBe(true);
    }
  });

  test('[RS-71] a token under another prefix and the same key is forged', () => {
    const other = tokensWith({ checkKeys: [SECRET], prefix: 'acme_' });
    expect(other.token(BODY)).toMatch(/^acme_[\w-]{51}$/);
    expect(tokensWith({ checkKeys: [SECRET] }).isForged(other.token(BODY))).toBe(true);
    expect(other.isForged(good)).toBe(true);
  });

  test('[RS-71] tokens without check characters are looked up if the option says so; wrong ones with the prefix are not', () => {
    const tokens = tokensWith({ checkKeys: [SECRET], unchecked: 'accept' });
    expect(tokens.isForged(BODY)).toBe(false);
    expect(tokens.isForged('an-imported-token')).toBe(false);
    expect(tokens.isForged(`rco_${BODY}`)).toBe(true);
    expect(tokens.isForged(good.slice(0, -1))).toBe(true);
  });
});

describe('the form alone', () => {
  const formatOf = (...keys: Buffer[]) => new OpaqueFormat('rco_', keys);

  test('[RS-71] is that of a token only with the prefix and the length of one', () => {
    const format = formatOf(SECRET);
    expect(format.isGenuine(checked(`rco_${BODY}`))).toBe(true);
    for (const other of [`rco_${BODY}a`, `rco_${BODY.slice(1)}`, `rcx_${BODY}`]) {
      expect(format.isGenuine(checked(other))).toBe(false);
    }
  });

  test('[RS-71] tells whether there are keys', () => {
    expect([formatOf(SECRET).hasKeys, formatOf().hasKeys]).toEqual([true, false]);
  });
});

describe('the options of opaque tokens', () => {
  const read = (options: object) => () => readOpaqueTokenOptions('opaqueTokens', options);

  test.each(['', 'a'.repeat(33), 'a.b', 'a b', 5])('[RS-71] %j is no prefix', (prefix) => {
    expect(read({ prefix })).toThrow(/: use 1 to 32 letters, digits and -_~\+\/, such as 'rco_'\.$/);
  });

  test('[RS-71] keys are a list in which the database is at most once, and nothing of it is shown', () => {
    const fix = "give a list of keys of 32 bytes and 'database', the newest first";
    expect(read({ checkKeys: 'database' })).toThrow(fix);
    expect(read({ checkKeys: [] })).toThrow(`The option opaqueTokens.checkKeys cannot be an empty list: ${fix}.`);
    expect(read({ checkKeys: ['database', 'database'] })).toThrow(fix);
    expect(read({ checkKeys: ['abc'] })).toThrow(/^The option opaqueTokens\.checkKeys\[0\] cannot be a string: /);
    expect(read({ checkKeys: [SECRET, 'database'] })()).toEqual({
      prefix: 'rco_',
      secrets: [SECRET, undefined],
      unchecked: undefined,
    });
    expect(read({})().secrets).toEqual([undefined]);
  });
});

describe('what the database holds for opaque tokens', () => {
  test('[RS-71] by default its key is used, and tokens without check characters are forged if it never had such', async () => {
    const { tokens, reads } = tokensOf(async () => ({ secret: SECRET, coversAll: true }));
    await tokens.ready();
    expect(tokens.ready()).toBeUndefined();
    expect(tokens.token(BODY)).toBe(tokensWith({ checkKeys: [SECRET] }).token(BODY));
    expect([tokens.isForged(tokens.token(BODY)), tokens.isForged(BODY)]).toEqual([false, true]);
    expect([reads(), said]).toEqual([1, []]);
  });

  test('[RS-71] tokens that a process made before it could read the key stay good, and the database is told of them', async () => {
    let answer: StoredTokenCheck | undefined;
    const { tokens, admitted } = tokensOf(async () => answer);
    await tokens.ready();
    expect(tokens.token(BODY)).toBe(BODY);
    answer = { secret: SECRET, coversAll: true };
    await tokens.askAnew();
    expect(admitted()).toBe(1);
    expect(tokens.isForged(BODY)).toBe(false);
    expect(tokens.token(BODY)).toMatch(PATTERN);
  });

  test('[RS-71] in a database from before, tokens without check characters are looked up, and the log says so once', async () => {
    const { tokens } = tokensOf(async () => ({ secret: SECRET, coversAll: false }));
    await tokens.ready();
    expect([tokens.isForged(BODY), tokens.isForged(`rco_${BODY}`)]).toEqual([false, true]);
    expect(said).toEqual([expect.stringContaining("opaqueTokens: { unchecked: 'refuse' }")]);
  });

  test.each([
    ['accept', true, false],
    ['refuse', false, true],
  ] as const)('[RS-71] the option %s holds whatever the database says', async (unchecked, coversAll, isForged) => {
    const { tokens } = tokensOf(async () => ({ secret: SECRET, coversAll }), { unchecked });
    await tokens.ready();
    expect([tokens.isForged(BODY), said]).toEqual([isForged, []]);
  });

  test('[RS-71] until it has answered no token counts as forged, and one question is under way', async () => {
    let answer: (check: StoredTokenCheck) => void = () => {};
    const { tokens, reads } = tokensOf(() => new Promise((resolve) => (answer = resolve)));
    expect([tokens.isForged('rco_x'), tokens.isForged(BODY), reads()]).toEqual([false, false, 1]);
    answer({ secret: SECRET, coversAll: true });
    await tick();
    expect([tokens.isForged('rco_x'), tokens.isForged(BODY), reads()]).toEqual([true, true, 1]);
  });

  test('[RS-71] while it is away nothing is issued, and nothing counts as forged', async () => {
    let isAway = true;
    const { tokens } = tokensOf(async () => {
      if (isAway) throw new TemporarilyUnavailableError({ part: 'database' });
      return { secret: SECRET, coversAll: true };
    });
    await expect(tokens.ready()).rejects.toThrow(TemporarilyUnavailableError);
    expect(tokens.isForged(BODY)).toBe(false);
    await tick();
    isAway = false;
    await tokens.ready();
    expect([tokens.isForged(BODY), tokens.token(BODY)]).toEqual([true, expect.stringMatching(PATTERN)]);
  });

  test('[RS-71] a database that has none, or does not let it be read, is asked once in a second; tokens are as before', async () => {
    let stored: StoredTokenCheck | undefined;
    const { tokens, reads } = tokensOf(async () => {
      if (now === 0) throw new Error('SELECT command denied');
      return stored;
    });
    for (let count = 0; count < 10; count += 1) {
      await tokens.ready();
      expect([tokens.token(BODY), tokens.isForged('rco_x')]).toEqual([BODY, false]);
    }
    expect([reads(), said]).toEqual([1, [expect.stringContaining('SELECT command denied')]]);
    now = 1_000;
    await tokens.ready();
    expect(reads()).toBe(2);
    stored = { secret: SECRET, coversAll: true };
    await tokens.ready();
    expect(reads()).toBe(2);
    await tokens.askAnew();
    expect([reads(), tokens.token(BODY)]).toEqual([3, expect.stringMatching(PATTERN)]);
  });

  test('[RS-78] a token without prefix is forged for good only when the database, asked again, says so', async () => {
    let coversAll = true;
    const { tokens } = tokensOf(async () => ({ secret: SECRET, coversAll }));
    await tokens.ready();
    coversAll = false;
    expect(tokens.isForged(BODY)).toBe(true);
    expect([await tokens.isStillForged(BODY), tokens.isForged(BODY)]).toEqual([false, false]);
  });

  test('[RS-78] it is asked again once in a second, and once for those that are presented together', async () => {
    let coversAll = true;
    const { tokens, reads } = tokensOf(async () => ({ secret: SECRET, coversAll }));
    await tokens.ready();
    const presented = () => Promise.all(Array.from({ length: 10 }, () => tokens.isStillForged(BODY)));
    expect([new Set(await presented()), reads()]).toEqual([new Set([true]), 2]);
    now = 999;
    coversAll = false;
    expect([new Set(await presented()), reads()]).toEqual([new Set([true]), 2]);
    now = 1_000;
    expect([new Set(await presented()), reads()]).toEqual([new Set([false]), 3]);
  });

  test('[RS-78] the first one after a long pause is not answered from what was read before it', async () => {
    let coversAll = true;
    const { tokens, reads } = tokensOf(async () => ({ secret: SECRET, coversAll }));
    await tokens.ready();
    coversAll = false;
    now = 31_000;
    expect(tokens.isForged(BODY)).toBe(true);
    expect([await tokens.isStillForged(BODY), reads()]).toEqual([false, 2]);
  });

  test('[RS-78] it is asked again in the background, once in half a minute, and what it says then counts', async () => {
    let coversAll = true;
    const { tokens, reads } = tokensOf(async () => ({ secret: SECRET, coversAll }));
    await tokens.ready();
    coversAll = false;
    now = 29_999;
    expect([tokens.isForged(BODY), tokens.isForged('rco_x'), reads()]).toEqual([true, true, 1]);
    now = 30_000;
    expect([tokens.isForged('rco_x'), reads()]).toEqual([true, 1]);
    expect([tokens.isForged(BODY), tokens.isForged(BODY), reads()]).toEqual([true, true, 2]);
    await tick();
    expect([tokens.isForged(BODY), reads()]).toEqual([false, 2]);
    now = 90_000;
    expect([tokens.isForged(BODY), reads()]).toEqual([false, 2]);
  });

  test('[RS-78] where it is away or silent in the background, it is not asked more often', async () => {
    let fails = false;
    const { tokens, reads } = tokensOf(async () => {
      if (fails) throw new TemporarilyUnavailableError({ part: 'database' });
      return { secret: SECRET, coversAll: true };
    });
    await tokens.ready();
    fails = true;
    now = 30_000;
    for (let count = 0; count < 5; count += 1) {
      expect(tokens.isForged(BODY)).toBe(true);
      await tick();
      now += 1;
    }
    expect(reads()).toBe(2);
  });

  test('[RS-78] it is not asked in the background if an option decides', async () => {
    const { tokens, reads } = tokensOf(async () => ({ secret: SECRET, coversAll: false }), { unchecked: 'refuse' });
    await tokens.ready();
    now = 60_000;
    expect([tokens.isForged(BODY), reads()]).toEqual([true, 1]);
  });

  test('[RS-71] what cannot be read is said once, however often it is asked', async () => {
    const { tokens, reads } = tokensOf(() => Promise.reject(new Error('denied')));
    for (now = 0; now < 5_000; now += 1_000) await tokens.ready();
    expect([reads(), said.length]).toEqual([5, 1]);
  });

  test('[RS-71] what is complete without the database is never asked anew', async () => {
    const { tokens, reads } = tokensOf(async () => undefined, { checkKeys: [SECRET], unchecked: 'refuse' });
    expect(tokens.ready()).toBeUndefined();
    await tokens.askAnew();
    expect(reads()).toBe(0);
  });

  test('[RS-71] it is asked if one thing alone is left open: a key, or what becomes of tokens without check characters', async () => {
    const answer = async () => ({ secret: SECRET, coversAll: true });
    for (const options of [{ checkKeys: [SECRET] }, { checkKeys: [SECRET, 'database'], unchecked: 'refuse' }]) {
      const { tokens, reads } = tokensOf(answer, options);
      await tokens.ready();
      expect([tokens.isForged(BODY), reads()]).toEqual([true, 1]);
    }
  });

  test('[RS-71] that it holds nothing yet is no fault, and is not logged', async () => {
    const { tokens } = tokensOf(async () => undefined);
    await tokens.ready();
    expect([tokens.token(BODY), said]).toEqual([BODY, []]);
    await tokens.askAnew();
    expect(said).toEqual([]);
  });

  test('[RS-71] tokens that are made with a key need no note in the database', async () => {
    const { tokens, admitted } = tokensOf(async () => ({ secret: SECRET, coversAll: true }), { checkKeys: [SECRET] });
    expect(tokens.token(BODY)).toMatch(PATTERN);
    await tokens.askAnew();
    expect(admitted()).toBe(0);
  });

  test('[RS-78] it is not asked about tokens with the prefix, nor if an option decides', async () => {
    const { tokens, reads } = tokensOf(async () => ({ secret: SECRET, coversAll: true }));
    await tokens.ready();
    const firm = tokensOf(async () => ({ secret: SECRET, coversAll: false }), { unchecked: 'refuse' });
    await firm.tokens.ready();
    expect([await tokens.isStillForged('rco_x'), reads()]).toEqual([true, 1]);
    expect([await firm.tokens.isStillForged(BODY), firm.reads()]).toEqual([true, 1]);
  });

  test('[RS-78] while it is away no token is called forged for good, and it is asked once in a second', async () => {
    let isAway = false;
    const { tokens, reads } = tokensOf(async () => {
      if (isAway) throw new TemporarilyUnavailableError({ part: 'database' });
      return { secret: SECRET, coversAll: true };
    });
    await tokens.ready();
    isAway = true;
    for (let count = 0; count < 3; count += 1) {
      await expect(tokens.isStillForged(BODY)).rejects.toThrow(TemporarilyUnavailableError);
    }
    expect(reads()).toBe(2);
    isAway = false;
    now = 1_000;
    expect([await tokens.isStillForged(BODY), reads()]).toEqual([true, 3]);
  });

  test('[RS-71] its key can be replaced by another in steps during which every process knows the keys of all others', async () => {
    const own = randomBytes(32);
    const steps = await Promise.all(
      [['database'], ['database', own], [own, 'database'], [own]].map(async (checkKeys) => {
        const { tokens } = tokensOf(async () => ({ secret: SECRET, coversAll: true }), { checkKeys });
        await tokens.ready();
        return tokens;
      }),
    );
    steps.slice(0, 3).forEach((older, index) => {
      const newer = steps[index + 1] as OpaqueTokens;
      expect(older.isForged(newer.token(BODY))).toBe(false);
      if (index < 2) expect(newer.isForged(older.token(BODY))).toBe(false);
    });
    expect(steps[3]?.isForged(steps[0]?.token(BODY) ?? '')).toBe(true);
  });
});

describe('the option opaqueTokens', () => {
  test.each([
    [{ prefix: '' }, 'prefix'],
    [{ prefix: 'a b' }, 'prefix'],
    [{ prefix: 'a\t' }, 'prefix'],
    [{ prefix: 'a.b' }, 'prefix'],
    [{ prefix: 'a=' }, 'prefix'],
    [{ prefix: 'ä' }, 'prefix'],
    [{ prefix: 'a\n' }, 'prefix'],
    [{ prefix: 'a'.repeat(33) }, 'prefix'],
    [{ prefix: 7 }, 'prefix'],
    [{ checkKeys: [] }, 'checkKeys'],
    [{ checkKeys: 'database' }, 'checkKeys'],
    [{ checkKeys: ['database', 'database'] }, 'checkKeys'],
    [{ checkKeys: ['short'] }, 'checkKeys'],
    [{ checkKeys: [SECRET, SECRET] }, 'checkKeys'],
    [{ unchecked: true }, 'unchecked'],
    [{ uncheked: 'accept' }, 'uncheked'],
    ['rco_', 'opaqueTokens'],
  ])('refuses %p, and names what is wrong', (given, name) => {
    const read = () => readOpaqueTokenOptions('opaqueTokens', given);
    expect(read).toThrow(new RegExp(name));
    expect(read).not.toThrow(/short/);
  });

  test.each(['rco_', 'a', 'acme-prod_', '~+/_-'])('takes the prefix %s', (prefix) => {
    expect(
      tokensWith({ prefix, checkKeys: [SECRET] })
        .token(BODY)
        .startsWith(prefix),
    ).toBe(true);
  });
});
