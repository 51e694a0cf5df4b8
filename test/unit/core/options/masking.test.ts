import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeUrl, describeValue, maskUrls, withoutValues } from '../../../../src/core/options/index.js';

/** As generators make them, and as people do. */
const secrets = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_-]{12,64}$/).filter((text) => /\d/.test(text)),
  fc.stringMatching(/^[a-z]{5,9}[0-9@/:#?&%!]{2,6}[a-z0-9]{2,6}$/),
);

describe('[RS-69] no value of an option is shown that could hold a secret', () => {
  class Account {
    constructor(readonly password: string) {}
    toJSON() {
      return this.password;
    }
    toString() {
      return this.password;
    }
  }

  const wrappers: [string, (secret: string) => unknown][] = [
    ['a text', (secret) => secret],
    ['a URL with credentials', (secret) => `mysql://root:${secret}@db.example:3306/shop`],
    ['a URL with a parameter', (secret) => `postgres://db.example/shop?password=${secret}`],
    ['a list of URLs', (secret) => [`redis://:${secret}@cache.example`]],
    ['a nested object', (secret) => ({ connection: { password: { value: secret } } })],
    ['a key of an object', (secret) => ({ [secret]: true })],
    ['a Map', (secret) => new Map([['password', secret]])],
    ['a Set', (secret) => new Set([secret])],
    ['an object with toJSON', (secret) => new Account(secret)],
    ['an object with a getter', (secret) => ({ get name() { throw new Error(secret); } })], // biome-ignore format: one line each
    ['a symbol', (secret) => Symbol(secret)],
    ['an error', (secret) => new Error(`refused ${secret}`)],
    ['a list of keys', (secret) => [secret, Buffer.from(secret)]],
    ['a function of that name', (secret) => Object.defineProperty(() => {}, 'name', { value: secret })],
    ['a URL object', (secret) => new URL(`https://x/?token=${encodeURIComponent(secret)}`)],
    ['a proxy', (secret) => new Proxy({}, { get: () => secret, getPrototypeOf: () => { throw new Error(secret); } })], // biome-ignore format: one line each
    ['a cycle', (secret) => { const cycle: Record<string, unknown> = { secret }; cycle.self = cycle; return cycle; }], // biome-ignore format: one line each
  ];

  test.each(wrappers)('%s', (_name, wrap) => {
    fc.assert(
      fc.property(secrets, (secret) => {
        for (const shows of [{}, { number: true }, { rate: true }, { near: ['closed', 'open', 'local'] }]) {
          expect(describeValue(wrap(secret), shows)).not.toContain(secret);
        }
      }),
    );
  });

  test('numbers are shown where the option is a number, a BigInt never', () => {
    expect(describeValue(123456)).toBe('a number');
    expect(describeValue(123456, { number: true })).toBe('123456');
    expect(describeValue(Number.NaN)).toBe('NaN');
    expect(describeValue(12345678901234567890n)).toBe('a BigInt');
  });

  test('what is nearly one of the choices is shown, and what reads as a rate', () => {
    expect(describeValue('colsed', { near: ['closed', 'open'] })).toBe('"colsed"');
    expect(describeValue('5/fortnight', { rate: true })).toBe('"5/fortnight"');
    expect(describeValue('12345/hunter', { rate: true })).toBe('a string');
  });
});

describe('[RS-69] of a URL is shown where it leads, and no part of its credentials', () => {
  test.each([
    ['mysql://root:pw@db.example:3306/shop', 'mysql://db.example:3306'],
    ['redis://:pw@[::1]:6379/2', 'redis://[::1]:6379'],
    ['postgres://db.example/shop?password=pw', 'postgres://db.example'],
    ['mysql://root:p@ss@db.example/shop', 'mysql://***'],
    ['mysql://root:12/ss@db.example/shop', 'mysql://***'],
    ['mysql://root:pa/ss@db.example/shop', 'a URL of the scheme mysql'],
    ['redis://pass?word@db.example', 'redis://***'],
    ['redis://pass#word@db.example', 'redis://***'],
    ['hunter2hunter2', 'a string'],
  ])('%s', (url, shown) => {
    expect(describeUrl(url)).toBe(shown);
  });

  test('a password is not shown, whatever characters it has and whether they are escaped', () => {
    fc.assert(
      fc.property(secrets, fc.boolean(), (secret, escaped) => {
        const written = escaped ? encodeURIComponent(secret) : secret;
        for (const url of [
          `mysql://root:${written}@db.example/shop`,
          `redis://${written}@db.example`,
          `redis://:${written}@db.example:6379/0`,
          `postgres://db.example/shop?password=${encodeURIComponent(secret)}`,
        ]) {
          expect(describeUrl(url)).not.toContain(written);
          expect(maskUrls(`cannot reach ${url}`)).not.toContain(written);
          expect(withoutValues(`no user ${secret}, nor ${written}`, url)).not.toContain(secret);
        }
      }),
    );
  });
});
