import { describe, expect, test } from '@jest/globals';
import { newIssuerKey } from '../../support/jwt-issuer.js';
import { MovedClock } from '../../support/spec/authorization-server.js';
import { API, startJwtApplication, useJwtApplication } from '../../support/spec/jwt-application.js';
import { EXPIRED, expectInvalidToken } from '../../support/spec/refusals.js';

const SQLITE = 'SQLite + memory';
const now = () => Math.floor(Date.now() / 1000);

describe('an issuer that does not follow RFC 9068', () => {
  const app = useJwtApplication(SQLITE, {
    jwt: { typ: 'JWT', clientIdClaim: 'azp', scopeClaim: ['permissions', 'scp'], audience: ['urn:other', API] },
  });
  const claims = { client_id: undefined, azp: 'app', scope: undefined, permissions: ['read', 'write'] };

  test.each([{ typ: 'JWT' }, { typ: undefined }, { typ: 'at+jwt' }])(
    '[RS-10 §4] is accepted by options, with the type %j',
    async (header) => {
      const reply = await app.present({ header, claims });
      expect([reply.status, reply.body]).toMatchObject([200, { clientId: 'app', scopes: ['read', 'write'] }]);
    },
  );

  test.each([
    { aud: [API, 'app'] },
    { nonce: 'n' },
    { at_hash: 'h' },
    { typ: 'ID' },
    { token_use: 'id' },
    { azp: undefined },
    { events: {} },
  ])('[RS-10 §3.12] its ID tokens are refused all the same: %j', async (change) => {
    expectInvalidToken(await app.present({ header: { typ: 'JWT' }, claims: { ...claims, ...change } }));
  });
});

describe('an issuer with strict rules', () => {
  const clock = new MovedClock();
  const app = useJwtApplication(SQLITE, {
    oauth2: { clock },
    jwt: {
      maximumAgeSeconds: 60,
      maximumLifetimeSeconds: 600,
      clockSkewSeconds: 0,
      maximumTokenLength: 600,
      algorithms: ['ES256'],
    },
  });

  test('[RS-11 §4] its tokens are good for a time after iat', async () => {
    expect((await app.present({ claims: { iat: now() - 30 } })).status).toBe(200);
    expectInvalidToken(await app.present({ claims: { iat: now() - 90 } }), EXPIRED);
    expectInvalidToken(await app.present({ claims: { exp: now() + 700 } }));
    expectInvalidToken(await app.present({ claims: { iat: now() + 10 } }));
  });

  test('[RS-11 RS-14 §4] a token that is cached ends by its age, too', async () => {
    const token = await app.issuer.token({ claims: { iat: now() - 30 } });
    const reply = await app.get(token);
    expect([reply.status, reply.body]).toMatchObject([200, { expiresAtMilliseconds: expect.any(Number) }]);
    clock.offsetSeconds = 40;
    expectInvalidToken(await app.get(token), EXPIRED);
    clock.offsetSeconds = 0;
  });

  test('longer tokens are not read', async () => {
    expectInvalidToken(await app.present({ claims: { padding: 'x'.repeat(400) } }));
  });

  test('[RS-10 §3.1] only the algorithms that were named are accepted', async () => {
    const rsa = await newIssuerKey('RS256', 'rsa');
    app.issuer.published.jwks = { keys: [app.issuer.key.publicJwk, rsa.publicJwk] };
    expectInvalidToken(await app.present({ key: rsa }));
  });
});

describe.each(['RS256', 'PS256', 'ES256', 'Ed25519', 'EdDSA'])('an issuer that signs with %s', (alg) => {
  const app = useJwtApplication(SQLITE);

  test('[RS-10 §4] is accepted', async () => {
    const key = await newIssuerKey(alg);
    app.issuer.published.jwks = { keys: [key.publicJwk] };
    expect((await app.present({ key })).status).toBe(200);
  });
});

describe('an issuer with several keys that have no name', () => {
  const app = useJwtApplication(SQLITE);

  test('its tokens are tried with each of the few', async () => {
    const [one, two] = [await newIssuerKey(), await newIssuerKey()];
    const nameless = [one, two].map(({ publicJwk }) => ({ ...publicJwk, kid: undefined }));
    app.issuer.published.jwks = { keys: nameless };
    for (const key of [one, two]) expect((await app.present({ key, header: { kid: undefined } })).status).toBe(200);
    expectInvalidToken(await app.present({ key: await newIssuerKey(), header: { kid: undefined } }));
  });
});

describe('keys that are not fit for signatures', () => {
  const app = useJwtApplication(SQLITE);

  test('[RS-10 §3.1] are not used', async () => {
    const good = await newIssuerKey('RS256', 'good');
    const encryption = await newIssuerKey('RS256', 'encryption');
    const otherAlgorithm = await newIssuerKey('RS256', 'other');
    const leaked = await newIssuerKey('ES256', 'leaked');
    app.issuer.published.jwks = {
      keys: [
        good.publicJwk,
        { ...encryption.publicJwk, use: 'enc', alg: undefined },
        { ...otherAlgorithm.publicJwk, alg: 'PS256' },
        { ...leaked.publicJwk, d: 'AAAA' },
        { kty: 'oct', k: 'c2VjcmV0', kid: 'secret', alg: 'HS256' },
        'no key',
        null,
      ],
    };
    expect((await app.present({ key: good })).status).toBe(200);
    for (const key of [encryption, otherAlgorithm, leaked]) expectInvalidToken(await app.present({ key }));
  });
});

describe('keys that the options name', () => {
  test('are used, and nobody is asked', async () => {
    const key = await newIssuerKey('ES256', 'given');
    const app = await startJwtApplication(SQLITE, { jwt: { jwks: { keys: [key.publicJwk] } } });
    try {
      expect((await app.present({ key })).status).toBe(200);
      expectInvalidToken(await app.present());
      expect(app.issuer.keyRequests).toBe(0);
    } finally {
      await app.close();
    }
  });
});

describe('an issuer that has its metadata where RFC 8414 says', () => {
  const app = useJwtApplication(SQLITE, {
    prepare: ({ published, url }) => {
      const keys = published.jwks;
      published.answer = ({ url: path }, response) => {
        const answers: Record<string, unknown> = {
          '/.well-known/oauth-authorization-server': { issuer: url, jwks_uri: `${url}/keys` },
          '/keys': keys,
        };
        const body = answers[path ?? ''];
        response.statusCode = body === undefined ? 404 : 200;
        response.end(JSON.stringify(body ?? {}));
      };
    },
  });

  test('[RFC 8414 §3.1] is found', async () => {
    expect((await app.present()).status).toBe(200);
  });
});
