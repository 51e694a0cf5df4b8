import { pbkdf2Sync } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import { DjangoSecretChecker, isDjangoSecret } from '../../../src/core/django-secret.js';

/** What Django's `make_password('wonderland', 'seasalt', …)` answers, for its two PBKDF2 hashers. */
function encoded(secret: string, hasher: 'pbkdf2_sha256' | 'pbkdf2_sha1' = 'pbkdf2_sha256', iterations = 1000): string {
  const [bytes, digest] = hasher === 'pbkdf2_sha256' ? [32, 'sha256'] : [20, 'sha1'];
  const hash = pbkdf2Sync(secret, 'seasalt', iterations, bytes as number, digest as string).toString('base64');
  return `${hasher}$${iterations}$seasalt$${hash}`;
}

describe('a secret that came from Django', () => {
  // Django's own test suite: make_password("lètmein", "seasalt", "pbkdf2_sha256"), 10000 rounds as of Django 1.4.
  const KNOWN = 'pbkdf2_sha256$10000$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY=';

  test('matches what Django stored, and nothing else does', async () => {
    const checker = new DjangoSecretChecker();
    expect(await checker.check('l\u00e8tmein', KNOWN)).toBe(true);
    for (const other of ['letmein', 'l\u00e8tmei', '', KNOWN]) expect(await checker.check(other, KNOWN)).toBe(false);
  });

  test.each(['pbkdf2_sha256', 'pbkdf2_sha1'] as const)('%s is checked', async (hasher) => {
    const checker = new DjangoSecretChecker();
    expect(await checker.check('wonderland', encoded('wonderland', hasher))).toBe(true);
    expect(await checker.check('Wonderland', encoded('wonderland', hasher))).toBe(false);
  });

  test('is derived once, then remembered for that hash alone', async () => {
    const checker = new DjangoSecretChecker();
    const stored = encoded('wonderland');
    const answers = [checker.check('wonderland', stored), checker.check('wonderland', stored)];
    expect(answers[0]).toBe(answers[1]);
    expect(await Promise.all(answers)).toEqual([true, true]);
    // At once: without a derivation there is nothing to wait for.
    expect(checker.check('wonderland', stored)).toBe(true);
    expect(await checker.check('wonderland', encoded('looking-glass'))).toBe(false);
  });

  test('a wrong secret is never remembered as right, however many are asked at once', async () => {
    const checker = new DjangoSecretChecker();
    const stored = encoded('wonderland');
    const secrets = Array.from({ length: 12 }, (_, index) => (index === 7 ? 'wonderland' : `guess ${index}`));
    const ask = () => Promise.all(secrets.map((secret) => checker.check(secret, stored)));
    const expected = secrets.map((secret) => secret === 'wonderland');
    expect(await ask()).toEqual(expected);
    expect(await ask()).toEqual(expected);
  });

  test('few wait: who comes when the line is full is refused, and who is known has a line of its own', async () => {
    const checker = new DjangoSecretChecker();
    const stored = encoded('wonderland', 'pbkdf2_sha256', 50_000);
    const guesses = Array.from({ length: 40 }, (_, index) => checker.check(`guess ${index}`, stored));
    const known = checker.check('wonderland', stored, true);
    const settled = await Promise.allSettled(guesses);
    const refused = settled.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(40 - 2 - 16);
    for (const one of refused) {
      expect((one as PromiseRejectedResult).reason).toMatchObject({
        ...{ status: 503, code: 'temporarily_unavailable' },
        details: { part: 'secrets' },
      });
    }
    expect(await known).toBe(true);
    // The places are free again.
    expect(await checker.check('Wonderland', stored)).toBe(false);
  });

  test('one that matched is remembered for an hour', async () => {
    const now = jest.spyOn(performance, 'now');
    try {
      const checker = new DjangoSecretChecker();
      const stored = encoded('wonderland');
      expect(checker.remembers('wonderland', stored)).toBe(false);
      expect(await checker.check('wonderland', stored)).toBe(true);
      expect([checker.remembers('wonderland', stored), checker.remembers('wonder', stored)]).toEqual([true, false]);
      // What the cache has read of the time, it keeps for a millisecond.
      await new Promise((resolve) => setTimeout(resolve, 10));
      const later = performance.now() + 3_600_001;
      now.mockImplementation(() => later);
      expect(checker.remembers('wonderland', stored)).toBe(false);
    } finally {
      now.mockRestore();
    }
  });

  test('is within the limits of iterations', () => {
    for (const iterations of [1_000, 3_000_000]) {
      expect(isDjangoSecret(`pbkdf2_sha256$${iterations}$salt$${encoded('x').split('$')[3]}`)).toBe(true);
    }
    expect(isDjangoSecret([encoded('x')])).toBe(false);
    expect(isDjangoSecret(undefined)).toBe(false);
  });

  test('a secret and a hash are never remembered as another pair with the same letters', async () => {
    const checker = new DjangoSecretChecker();
    const stored = encoded('wonderland');
    expect(await checker.check('wonderland', stored)).toBe(true);
    expect(checker.remembers('=wonderland', stored.slice(0, -1))).toBe(false);
  });

  test('that did not match is derived anew each time', async () => {
    const checker = new DjangoSecretChecker();
    const stored = encoded('wonderland');
    const first = checker.check('guess', stored);
    await first;
    expect(checker.check('guess', stored)).not.toBe(first);
  });

  const hash = encoded('x').split('$')[3];
  test.each([
    '',
    'wonderland',
    'argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA',
    `pbkdf2_sha512$1000$salt$${hash}`,
    `pbkdf2_sha256$999$salt$${hash}`,
    `pbkdf2_sha256$3000001$salt$${hash}`,
    `pbkdf2_sha256$99999999999$salt$${hash}`,
    `pbkdf2_sha256$1e6$salt$${hash}`,
    `pbkdf2_sha256$-1000$salt$${hash}`,
    `pbkdf2_sha256$1000$$${hash}`,
    'pbkdf2_sha256$1000$salt$',
    'pbkdf2_sha256$1000$salt$c2hvcnQ=',
    `pbkdf2_sha1$1000$salt$${hash}`,
    `pbkdf2_sha256$1000$salt$${hash}$more`,
    `__proto__$1000$salt$${hash}`,
  ])('%j is no stored secret, and matches nothing', async (text) => {
    expect(isDjangoSecret(text)).toBe(false);
    expect(await new DjangoSecretChecker().check('x', text)).toBe(false);
  });
});
