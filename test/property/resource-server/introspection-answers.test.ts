import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AnswerRules, judgeAnswer } from '../../../src/resource-server/verifiers/introspection/answer.js';
import { parseUnambiguous } from '../../../src/resource-server/verifiers/introspection/json-text.js';

const NOW = 1_800_000_000;
const API = 'https://api.example';
const ISSUER = 'https://as.example';
const JKT = 'k'.repeat(43);

const RULES: AnswerRules = {
  issuer: ISSUER,
  audience: [API],
  requireAudience: true,
  subject: 'sub',
  requireTokenType: true,
  clockSkewSeconds: 5,
  lifetimeSeconds: 60,
};

const GOOD = {
  active: true,
  iss: ISSUER,
  sub: 'alice',
  client_id: 'app',
  scope: 'read',
  aud: API,
  token_type: 'Bearer',
  exp: NOW + 600,
  iat: NOW - 10,
};

const NAMES = [
  ...Object.keys(GOOD),
  'nbf',
  'jti',
  'cnf',
  'acr',
  'amr',
  'auth_time',
  'username',
  'token_use',
  '__proto__',
];

/** What a member may hold: what it should, nearly that, and anything. */
const member = fc.oneof(
  fc.constantFrom<unknown>(true, false, null, '', 'true', 0, 1, -1, NOW, NOW - 1, NOW + 1, NOW + 6, 1e300, 5e-324),
  fc.constantFrom<unknown>(
    API,
    [API],
    [API, 'x'],
    [API, 1],
    ISSUER,
    'Bearer',
    'DPoP',
    'refresh_token',
    'read write',
    'a "',
  ),
  fc.constantFrom<unknown>({ jkt: JKT }, { jkt: 'x' }, { 'x5t#S256': JKT }, { jkt: JKT, jwk: {} }, {}, [], ['pwd']),
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

const answer = fc
  .record({
    changed: fc.dictionary(fc.constantFrom(...NAMES), member, { maxKeys: 3 }),
    left: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 2 }),
  })
  .map(({ changed, left }) =>
    Object.fromEntries(Object.entries({ ...GOOD, ...changed }).filter(([name]) => !left.includes(name))),
  );

/** What has to hold of every answer that admits, written down once more and otherwise. */
function isAdmissible(claims: Readonly<Record<string, unknown>>): boolean {
  const isName = (value: unknown) => value === undefined || (typeof value === 'string' && value.length > 0);
  const isPast = (value: unknown) =>
    value === undefined || (typeof value === 'number' && value >= 0 && value <= NOW + 5);
  const { active, iss, sub, username, client_id, aud, token_type, token_use, exp, cnf, amr, scope } = claims;
  const type = typeof token_type === 'string' ? token_type.toLowerCase() : undefined;
  const names = cnf === undefined ? [] : Object.keys(cnf as object);
  return (
    active === true &&
    (iss === undefined || iss === ISSUER) &&
    (aud === API || (Array.isArray(aud) && aud.includes(API) && aud.every((one) => typeof one === 'string'))) &&
    (type === 'bearer' || (type === 'dpop' && names.includes('jkt'))) &&
    (token_use === undefined || token_use === 'access_token') &&
    (exp === undefined || (typeof exp === 'number' && exp > NOW && exp < 1e12)) &&
    [claims.iat, claims.nbf, claims.auth_time].every(isPast) &&
    [sub, client_id, claims.jti, claims.acr].every(isName) &&
    (sub !== undefined || username === undefined) &&
    (scope === undefined || (typeof scope === 'string' && !/["\\]/.test(scope))) &&
    (amr === undefined || (Array.isArray(amr) && amr.every((one) => typeof one === 'string'))) &&
    (cnf === undefined ||
      (names.length > 0 &&
        names.every((name) => ['jkt', 'x5t#S256'].includes(name) && (cnf as Record<string, unknown>)[name] === JKT)))
  );
}

test('[RS-13 RFC 7662 §2.2] no answer makes it throw, and none admits that speaks against its token: 10^5 answers', () => {
  const seen = { active: 0, expired: 0, invalid: 0, unreadable: 0 };
  fc.assert(
    fc.property(answer, (given) => {
      const read = parseUnambiguous(JSON.stringify(given)) as Record<string, unknown>;
      const verdict = judgeAnswer(read, RULES, NOW * 1000);
      seen[verdict.status] += 1;
      if (verdict.status !== 'active') return;
      const { expiresAtMilliseconds } = verdict.token;
      const isBounded = expiresAtMilliseconds > NOW * 1000 && expiresAtMilliseconds < 1e15;
      // Not `expect`, of which so many calls would take a minute.
      if (!isBounded || !isAdmissible(read)) throw new Error(`It admits ${JSON.stringify(read)}.`);
    }),
    { numRuns: 100_000 },
  );
  // It does say each of them, so that nothing is proven by refusing everything.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
});

test('[RS-13] whatever is answered, it is read, refused or no answer', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json({ maxDepth: 4 }), fc.string({ unit: 'binary' })), (text) => {
      let read: unknown;
      try {
        read = parseUnambiguous(text);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
        return;
      }
      expect(read).toEqual(JSON.parse(text));
      expect(judgeAnswer(read, RULES, NOW * 1000).status).not.toBe('active');
    }),
    { numRuns: 3_000 },
  );
});

test('[RS-13 RFC 8259 §4] a member that stands twice is found wherever it stands, and nowhere else', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 2 }), { minKeys: 1 }),
      fc.nat(),
      (given, at) => {
        const text = JSON.stringify(given);
        expect(() => parseUnambiguous(text)).not.toThrow();
        const names = Object.keys(given);
        const again = JSON.stringify(names[at % names.length]);
        expect(() => parseUnambiguous(`${text.slice(0, -1)},${again}:true}`)).toThrow('contains a duplicate member');
      },
    ),
    { numRuns: 3_000 },
  );
});
