import { hash } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Clock } from '../../../src/core/clock.js';
import { ProofChecker } from '../../../src/resource-server/dpop/proof.js';
import { LocalReplays } from '../../../src/resource-server/dpop/replays.js';
import { TargetUri } from '../../../src/resource-server/dpop/target-uri.js';
import { newProofKey, type ProofKey, proofOf } from '../../support/dpop.js';

const TOKEN = 'a token';
const REQUEST = { method: 'GET', target: '/books', tokenHash: hash('sha256', TOKEN, 'base64url') };
const SENT = { method: 'GET', url: 'https://api.example.com/books', token: TOKEN };

let key: ProofKey;
let good: string;
beforeAll(async () => {
  key = await newProofKey();
  good = await proofOf(key, SENT);
});

// It stands still, so that a proof is not too old after thousands of others on a slow machine.
const now = Date.now();
const clock: Clock = { nowMilliseconds: () => now, monotonicMilliseconds: () => 0 };

const checker = () =>
  new ProofChecker({
    rules: { algorithms: ['ES256', 'RS256', 'PS256', 'EdDSA'], maxAgeSeconds: 60, clockToleranceSeconds: 5 },
    targetUri: new TargetUri('https://api.example.com'),
    replays: new LocalReplays(clock, 66_000),
    nonces: undefined,
    clock,
  });

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('[RS-19 §4.3] no text that is not the proof admits anybody, and none is an error', async () => {
  const proofs = checker();
  const value = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.constant(null),
    fc.boolean(),
    fc.constant([]),
    fc.constant({}),
    fc.constant(1e300),
  );
  const header = fc.record(
    {
      typ: fc.oneof(value, fc.constant('dpop+jwt')),
      alg: fc.oneof(value, fc.constantFrom('ES256', 'none', 'HS256')),
      jwk: fc.oneof(value, fc.json(), fc.constant({ kty: 'EC', crv: 'P-256', x: 'a', y: 'b' })),
      crit: value,
    },
    { requiredKeys: [] },
  );
  const claims = fc.record(
    {
      jti: value,
      htm: fc.oneof(value, fc.constant('GET')),
      htu: fc.oneof(value, fc.constant(SENT.url)),
      iat: value,
      ath: value,
    },
    { requiredKeys: [] },
  );
  const made = fc
    .tuple(header, claims, fc.base64String())
    .map(([one, two, three]) => `${part(one)}.${part(two)}.${three}`);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        made,
        fc.array(fc.base64String(), { maxLength: 4 }).map((parts) => parts.join('.')),
      ),
      async (text) => {
        expect((await proofs.check(text, { ...REQUEST, jkt: key.jkt })).status).toBe('bad');
      },
    ),
    { numRuns: 100_000 },
  );
}, 300_000);

// The last character has bits that stand for nothing.
test('[RS-19 §4.3] a proof that is changed in any character is not valid, and is not spent by that', async () => {
  const proofs = checker();
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: good.length - 2 }),
      fc.constantFrom('A', 'b', '0', '-', '_', '.', ' ', ','),
      async (index, character) => {
        const changed = `${good.slice(0, index)}${character}${good.slice(index + 1)}`;
        fc.pre(changed !== good);
        expect((await proofs.check(changed, { ...REQUEST, jkt: key.jkt })).status).toBe('bad');
      },
    ),
    { numRuns: 3_000 },
  );
  expect((await proofs.check(good, { ...REQUEST, jkt: key.jkt })).status).toBe('good');
  expect((await proofs.check(good, { ...REQUEST, jkt: key.jkt })).status).toBe('bad');
}, 120_000);
