import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TemporarilyUnavailableError } from '../../../src/core/errors.js';
import { OAuth2Events } from '../../../src/core/events/events.js';
import { LogLimiter } from '../../../src/core/log-limiter.js';
import { silentLogger } from '../../../src/core/logger.js';
import { Observation } from '../../../src/core/observation/observation.js';
import { type ClaimRules, judgeClaims } from '../../../src/resource-server/verifiers/jwt/access-token-claims.js';
import { readHeader } from '../../../src/resource-server/verifiers/jwt/jwt-header.js';
import { readJwtTokensOptions } from '../../../src/resource-server/verifiers/jwt/jwt-options.js';
import { JwtVerifier } from '../../../src/resource-server/verifiers/jwt/jwt-verifier.js';
import { readKeySet } from '../../../src/resource-server/verifiers/jwt/key-set.js';
import { fixedKeys, type KeySource } from '../../../src/resource-server/verifiers/jwt/key-source.js';
import { Signatures } from '../../../src/resource-server/verifiers/jwt/signatures.js';
import { goodClaims, type IssuerKey, newIssuerKey, signJwt } from '../../support/jwt-issuer.js';

const ISSUER = 'https://issuer.example';
const API = 'https://api.example';
const NOW = 1_800_000_000;
const RUNS = { numRuns: 100_000 };

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, 1e300, -0, '', 'NaN', '\ud800', '\0', '__proto__'),
  fc.constantFrom(NOW, NOW + 1, NOW - 1, NOW + 300, NOW + 86_401, API, ISSUER, [API], ['read'], 'read write'),
);
const b64 = (text: string) => Buffer.from(text).toString('base64url');

describe('the header of a token', () => {
  const rules = { algorithms: new Set(['ES256']), typ: 'at+jwt', maximumTokenLength: 8192 } as const;
  const member = fc.constantFrom('alg', 'typ', 'kid', 'crit', 'jwk', 'jku', 'b64', '__proto__', 'constructor');
  const header = fc.dictionary(member, fc.oneof(anything, fc.constantFrom('ES256', 'none', 'HS256', 'at+jwt', 'JWT')));
  const part = fc.oneof(
    header.map((value) => b64(JSON.stringify(value))),
    fc.string({ unit: 'binary', maxLength: 40 }).map(b64),
    fc.string({ maxLength: 40 }),
    fc.constantFrom('', 'A', 'e30', 'bnVsbA', 'W10'),
  );
  const token = fc.oneof(
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.')),
    fc.tuple(header, part, part).map(([first, ...others]) => [b64(JSON.stringify(first)), ...others].join('.')),
    fc.string({ unit: 'binary' }),
  );

  test('[RS-10 §3.1] of any text is read without a crash, and names an allowed algorithm', () => {
    fc.assert(
      fc.property(token, (text) => {
        const read = readHeader(text, rules);
        if (read === undefined) return;
        const given = JSON.parse(Buffer.from(text.split('.')[0] as string, 'base64url').toString());
        expect([read.alg, String(given.typ).toLowerCase(), given.crit]).toEqual(['ES256', 'at+jwt', undefined]);
      }),
      RUNS,
    );
  });
});

const ALL_HOLD = {
  issuer: true,
  audience: true,
  texts: true,
  seconds: true,
  end: true,
  start: true,
  confirmation: true,
  scopes: true,
  kind: true,
};

describe('the claims of a token', () => {
  const rules: ClaimRules = {
    issuer: ISSUER,
    audience: new Set([API]),
    typ: 'at+jwt',
    clientIdClaim: 'client_id',
    scopeClaims: ['scope'],
    allowScopeList: false,
    clockSkewSeconds: 5,
    maximumLifetimeSeconds: 86_400,
    maximumAgeSeconds: undefined,
  };
  const good = { ...goodClaims(ISSUER, API), iat: NOW - 10, exp: NOW + 300 };
  const names = [...Object.keys(good), 'nbf', 'acr', 'amr', 'auth_time', 'cnf', 'nonce', 'at_hash', 'typ'];
  const change = fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 3 });
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  const isSeconds = (value: unknown) => Number.isSafeInteger(value);

  test('[RS-10 §3.8, RS-11 §4] of any type are judged without a crash, and admitted only as they should be', () => {
    fc.assert(
      fc.property(change, fc.boolean(), (some, allowScopeList) => {
        const payload: Record<string, unknown> = { ...good, ...some };
        const typ = allowScopeList ? 'JWT' : 'at+jwt';
        const judgement = judgeClaims(payload, { ...rules, typ, allowScopeList }, NOW * 1000);
        if (judgement.status !== 'active') return;
        const { iss, aud, sub, client_id: client, exp, iat, nbf, cnf } = payload;
        const { scopes, confirmation } = judgement.claims;
        // One assertion: a hundred thousand times ten take a while.
        expect({
          issuer: iss === ISSUER,
          audience: [aud].flat().includes(API),
          texts: [sub, client].every(isText),
          seconds: [exp, iat, nbf ?? 0].every(isSeconds),
          end: Number(exp) > NOW && Number(exp) - Number(iat) <= 86_400,
          start: Math.max(Number(iat), Number(nbf ?? 0)) <= NOW + 5,
          confirmation: (cnf === undefined) === (confirmation === undefined),
          scopes: scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)),
          kind: typ === 'at+jwt' || (payload.nonce === undefined && payload.at_hash === undefined),
        }).toEqual(ALL_HOLD);
      }),
      RUNS,
    );
  });
});

describe('a document that should be a key set', () => {
  const member = fc.constantFrom('kty', 'kid', 'alg', 'use', 'key_ops', 'n', 'e', 'crv', 'x', 'y', 'd', 'k');
  const value = fc.oneof(
    anything,
    fc.constantFrom('RSA', 'EC', 'OKP', 'oct', 'sig', 'enc', 'ES256', 'RS256', 'P-256', 'Ed25519', 'A'.repeat(43)),
    fc.integer({ min: 1, max: 400 }).map((bytes) => Buffer.alloc(bytes, 0xff).toString('base64url')),
  );
  const keys = fc.array(fc.oneof(fc.dictionary(member, value), anything), { maxLength: 4 });
  const document = fc.oneof(
    keys.map((list) => ({ keys: list })),
    anything,
  );

  test('[RS-10 §3.1] is read without a crash, and gives no secret, private or weak key', () => {
    fc.assert(
      fc.property(document, (given) => {
        for (const key of readKeySet(given)?.keys ?? []) {
          expect(['RSA', 'EC', 'OKP']).toContain(key.kty);
          expect(key).not.toHaveProperty('d');
          expect(key).not.toHaveProperty('k');
          if (key.kty === 'RSA') expect(Buffer.from(key.n ?? '', 'base64url').length).toBeGreaterThanOrEqual(256);
        }
      }),
      RUNS,
    );
  });
});

describe('a verifier', () => {
  let key: IssuerKey;
  let token: string;
  let verify: (text: string, keys?: KeySource<Signatures>) => Promise<string>;
  beforeAll(async () => {
    key = await newIssuerKey();
    token = await signJwt(goodClaims(ISSUER, API), key);
    const settings = readJwtTokensOptions('jwtTokens', { issuer: ISSUER, jwks: { keys: [key.publicJwk] } });
    const clock = { nowMilliseconds: () => Date.now(), monotonicMilliseconds: () => performance.now() };
    const fixed = fixedKeys(new Signatures(settings.keys ?? [], settings.algorithms));
    verify = async (text, keys = fixed) => {
      const log = new LogLimiter(silentLogger, clock);
      const observation = new Observation(new OAuth2Events(log));
      const audience = new Set([API]);
      const verifier = new JwtVerifier({ settings, audience, keys, clock, log, observation, users: undefined });
      try {
        return (await verifier.verify(text, 'key')).status;
      } catch (error) {
        if (error instanceof TemporarilyUnavailableError) return 'unavailable';
        throw error;
      }
    };
    expect(await verify(token)).toBe('active');
  });

  test('[RS-10 §3.1] admits no token in which anything was changed', async () => {
    const place = fc.nat({ max: 400 });
    const change = fc.oneof(
      fc.tuple(place, fc.constantFrom(...'ABab01-_.')).map(
        ([at, by]) =>
          (text: string) =>
            text.slice(0, at) + by + text.slice(at + 1),
      ),
      fc.tuple(place, place).map(
        ([from, to]) =>
          (text: string) =>
            text.slice(0, from) + text.slice(Math.max(from, to)),
      ),
      fc.tuple(place, fc.string({ unit: 'binary', maxLength: 6 })).map(
        ([at, by]) =>
          (text: string) =>
            text.slice(0, at) + by + text.slice(at),
      ),
      fc.constant((text: string) => `${text.slice(0, text.lastIndexOf('.'))}.`),
    );
    await fc.assert(
      fc.asyncProperty(change, async (apply) => {
        const changed = apply(token);
        if (!isSameToken(changed, token)) expect(await verify(changed)).toBe('invalid');
      }),
      { numRuns: 10_000 },
    );
  });

  test('[RS-11 §4] without keys says neither yes nor no', async () => {
    const nothing: KeySource<Signatures> = { ...fixedKeys(undefined as never), isDown: true };
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.string(), async (isWhole, text) => {
        expect(['unavailable', 'invalid']).toContain(await verify(isWhole ? token : text, nothing));
      }),
      { numRuns: 2_000 },
    );
    expect(await verify(token, nothing)).toBe('unavailable');
  });
});

/** Whether two texts are the same bytes signed the same way: the last character of a part may have bits that say nothing. */
function isSameToken(left: string, right: string): boolean {
  const bytesOf = (text: string) => text.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex'));
  const [leftHeader, leftPayload] = left.split('.');
  const [rightHeader, rightPayload] = right.split('.');
  return (
    leftHeader === rightHeader && leftPayload === rightPayload && bytesOf(left).join('.') === bytesOf(right).join('.')
  );
}
