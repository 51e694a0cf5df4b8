import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ForeignUser } from '../../../src/core/foreign-user.js';
import {
  ANONYMOUS,
  applicationPrincipal,
  type Principal,
  tokenPrincipal,
  userPrincipal,
} from '../../../src/core/principal.js';

/** Texts out of few characters, so that ids and issuers run into each other's delimiters. */
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.array(fc.constantFrom('5', '|', '%', ':', '@', '%7C', 'user', 'https://a.example')).map((parts) => parts.join('')),
);
const principal: fc.Arbitrary<Principal> = fc.oneof(
  fc.tuple(text, fc.option(text, { nil: undefined })).map(([id, issuer]) => userPrincipal(id, issuer)),
  fc.tuple(text, fc.option(text, { nil: undefined })).map(([id, issuer]) => applicationPrincipal(id, issuer)),
  text.map((key) => tokenPrincipal(key)),
);

test('[RS-12] principals of another kind, issuer or id have another key', () => {
  fc.assert(
    fc.property(principal, principal, (one, other) => {
      const same =
        one.kind === other.kind && one.issuer === other.issuer && 'id' in one && 'id' in other && one.id === other.id;
      expect(one.key === other.key).toBe(same);
      expect(String(one)).toBe(one.key);
    }),
    { numRuns: 100_000 },
  );
});

test('[RS-12] users of two issuers, and the host’s, have keys of their own, also where the parts join to the same text', () => {
  const users = [
    userPrincipal('5'),
    userPrincipal('5', 'https://a.example'),
    userPrincipal('5', 'https://b.example'),
    userPrincipal('5', ''),
    userPrincipal('x|5', 'https://a.example'),
    userPrincipal('5', 'https://a.example|x'),
    userPrincipal('5', 'https://a.example%7Cx'),
    userPrincipal('@https://a.example|5'),
    userPrincipal('https://a.example|5'),
  ];
  expect(new Set(users.map(({ key }) => key)).size).toBe(users.length);
  expect(users[1]?.key).toBe('user@https://a.example|5');
  expect(String(new ForeignUser('https://a.example', '5'))).toBe(users[1]?.key);
});

test('a foreign user has no id that could be taken for one of the host’s', () => {
  expect(Object.keys(new ForeignUser('https://a.example', '5'))).toEqual(['issuer', 'subject']);
  expect(String(ANONYMOUS)).toBe('anonymous');
});
