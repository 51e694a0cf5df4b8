import { createHmac, createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { STACKS } from '../../support/bookstore.js';
import { goodClaims, type IssuerKey, newIssuerKey, signJwt } from '../../support/jwt-issuer.js';
import { call } from '../../support/spec/http.js';
import { API, useJwtApplication } from '../../support/spec/jwt-application.js';
import { EXPIRED, expectInvalidToken } from '../../support/spec/refusals.js';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

describe.each(STACKS)('a JWT access token, on %s', (name) => {
  const app = useJwtApplication(name);
  let stranger: IssuerKey;
  beforeAll(async () => {
    stranger = await newIssuerKey();
  });

  test('[RS-10 §4] is accepted, again and again', async () => {
    const token = await app.issuer.token();
    for (let round = 0; round < 3; round += 1) {
      const reply = await app.get(token);
      expect([reply.status, reply.body]).toMatchObject([200, { subject: '5', clientId: 'app', scopes: ['read'] }]);
    }
    expect((await app.get(token, '/read')).status).toBe(200);
    expect(await app.oauth2.tokens.verify(token)).toMatchObject({ issuer: app.issuer.url, subject: '5' });
  });

  test('[RS-10 §4] carries what its issuer says', async () => {
    const claims = { acr: 'urn:mfa', amr: ['pwd', 'otp'], auth_time: 1_700_000_000, groups: ['a'] };
    const { body } = await app.present({ claims });
    expect(body).toMatchObject({
      acr: 'urn:mfa',
      amr: ['pwd', 'otp'],
      authenticatedAtMilliseconds: 1_700_000_000_000,
      claims: { ...claims, iss: app.issuer.url, jti: expect.any(String) },
    });
  });

  test('[RS-7 §3.1] lacks a scope', async () => {
    const reply = await app.present({ claims: { scope: 'other' } }, '/read');
    expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([
      403,
      expect.stringContaining('error="insufficient_scope"'),
    ]);
  });

  test.each([{ typ: 'JWT' }, { typ: undefined }, { typ: 'dpop+jwt' }, { typ: 'logout+jwt' }])(
    '[RS-10 §3.11] with the type %j is refused',
    async (header) => {
      expectInvalidToken(await app.present({ header }));
    },
  );

  test('[RS-10 §3.11] an ID token is refused', async () => {
    const claims = { nonce: 'n', at_hash: 'h', client_id: undefined, azp: 'app', scope: undefined };
    expectInvalidToken(await app.present({ header: { typ: 'JWT' }, claims }));
    expectInvalidToken(await app.present({ header: { typ: 'JWT' }, claims: { ...claims, aud: 'app' } }));
  });

  test('[RS-10 §3.1] without a signature is refused', async () => {
    const claims = part(goodClaims(app.issuer.url, API));
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      const header = part({ alg, typ: 'at+jwt', kid: app.issuer.key.kid });
      expectInvalidToken(await app.get(`${header}.${claims}.`));
      expectInvalidToken(await app.get(`${header}.${claims}.AA`));
    }
    const [header, payload] = (await app.issuer.token()).split('.');
    expectInvalidToken(await app.get(`${header}.${payload}.`));
    expectInvalidToken(await app.get(`${header}.${payload}`));
  });

  test('[RS-10 §3.1] signed with the public key as a secret is refused', async () => {
    const { publicJwk, kid } = app.issuer.key;
    const key = createPublicKey({ key: publicJwk as never, format: 'jwk' });
    const secrets = [
      key.export({ type: 'spki', format: 'pem' }),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(publicJwk),
      Buffer.from(publicJwk.x as string, 'base64url'),
    ];
    for (const [alg, digest] of [
      ['HS256', 'sha256'],
      ['HS512', 'sha512'],
    ] as const) {
      const input = `${part({ alg, typ: 'at+jwt', kid })}.${part(goodClaims(app.issuer.url, API))}`;
      for (const secret of secrets) {
        const signature = createHmac(digest, secret).update(input).digest('base64url');
        expectInvalidToken(await app.get(`${input}.${signature}`));
      }
    }
  });

  test('[RS-10 §3.1] of another algorithm than those allowed is refused, whatever key there is', async () => {
    const keys = app.issuer.published.jwks as { keys: object[] };
    const other = await newIssuerKey('ES384', 'es384');
    app.issuer.published.jwks = { keys: [...keys.keys, other.publicJwk] };
    expectInvalidToken(await app.present({ key: other }));
    app.issuer.published.jwks = keys;
  });

  test('[RS-10 §3.1] signed by somebody else is refused, also under a name of the issuer’s key', async () => {
    expectInvalidToken(await app.present({ key: stranger }));
    expectInvalidToken(await app.present({ key: stranger, header: { kid: app.issuer.key.kid } }));
    expectInvalidToken(await app.present({ key: stranger, header: { kid: undefined } }));
  });

  test('[RS-10 RFC 8725 §3.10] brings no key of its own', async () => {
    const keys = { jwk: stranger.publicJwk, jku: `${app.issuer.url}/elsewhere`, x5u: `${app.issuer.url}/elsewhere` };
    const before = app.issuer.keyRequests;
    const header = { ...keys, kid: app.issuer.key.kid };
    expectInvalidToken(await app.present({ key: stranger, header }));
    expect((await app.present({ header: keys })).status).toBe(200);
    expect(app.issuer.keyRequests).toBe(before);
  });

  test('[RFC 7515 §4.1.11] with a critical extension is refused', async () => {
    expectInvalidToken(await app.present({ header: { crit: ['exp'], exp: now() + 60 } }).catch(() => rawCrit(['exp'])));
    expectInvalidToken(await rawCrit(['unknown']));
    expectInvalidToken(await rawCrit([]));
  });
  const rawCrit = async (crit: unknown) => {
    const [, payload, signature] = (await app.issuer.token()).split('.');
    const header = part({ alg: 'ES256', typ: 'at+jwt', kid: app.issuer.key.kid, crit });
    return app.get(`${header}.${payload}.${signature}`);
  };

  test('[RS-10 §3.1] with a part changed is refused', async () => {
    const token = await app.issuer.token();
    const [header, , signature] = token.split('.');
    const claims = part({ ...goodClaims(app.issuer.url, API), sub: '6' });
    expectInvalidToken(await app.get(`${header}.${claims}.${signature}`));
    for (let at = 5; at < token.length; at += 97) {
      const changed = token[at] === 'A' ? 'B' : 'A';
      expectInvalidToken(await app.get(`${token.slice(0, at)}${changed}${token.slice(at + 1)}`));
    }
    expectInvalidToken(await app.get(token.slice(0, -1)));
    expectInvalidToken(await app.get(`${token}.`));
    expectInvalidToken(await app.get(`${token}A`));
  });

  test.each([
    ['iss', ['https://evil.example', undefined, 5, null]],
    ['aud', ['https://other.example', undefined, [], 5, null, { a: API }, [API, 5], `${API}/`]],
    ['sub', [5, undefined, null, '', ['5'], { id: '5' }]],
    ['client_id', [5, undefined, null, '', ['app']]],
    ['scope', [['read'], 5, { read: true }, null]],
    ['exp', ['soon', 1e300, -1, undefined, null, now() + 0.5, now() + 10_000_000]],
    ['iat', [now() + 3600, 'now', undefined, null, -1]],
    ['nbf', [now() + 3600, 'now', null]],
    ['jti', [5, {}, null]],
    ['acr', [5, []]],
    ['amr', ['pwd', [5]]],
    ['auth_time', ['today', -1]],
  ])('[RS-10 §3.8, RS-11 §4] with a wrong %s is refused', async (claim, values) => {
    for (const value of values) {
      const reply = await app.present({ claims: { [claim]: value } });
      expect([value, reply.status]).toEqual([value, 401]);
      expectInvalidToken(reply);
    }
  });

  test('[RS-9 §4] may name several audiences', async () => {
    expect((await app.present({ claims: { aud: ['https://other.example', API] } })).status).toBe(200);
  });

  test('[RS-11 §4] that has ended is expired', async () => {
    const claims = { iat: now() - 600, exp: now() - 1 };
    expectInvalidToken(await app.present({ claims }), EXPIRED);
    const forged = await app.present({ claims, key: stranger, header: { kid: app.issuer.key.kid } });
    expectInvalidToken(forged);
  });

  test('[RS-11 §4] may come from a clock that is a little ahead', async () => {
    expect((await app.present({ claims: { iat: now() + 3, nbf: now() + 3 } })).status).toBe(200);
  });

  test('[RS-20 §7] that is bound to a key or a certificate is no bearer token', async () => {
    const thumbprint = 'A'.repeat(43);
    for (const cnf of [{ jkt: thumbprint }, { 'x5t#S256': thumbprint }, { jwk: stranger.publicJwk }, {}, null, 5])
      expectInvalidToken(await app.present({ claims: { cnf } }));
  });

  test('signed over something that is no object is refused', async () => {
    for (const claims of [[], [goodClaims(app.issuer.url, API)]])
      expectInvalidToken(await app.get(await signJwt(claims as never, app.issuer.key).catch(() => 'a.b.c')));
  });

  test('garbage of any size is refused', async () => {
    const header = part({ alg: 'ES256', typ: 'at+jwt', kid: app.issuer.key.kid });
    const payload = part(goodClaims(app.issuer.url, API));
    for (const token of [
      `${header}.${payload}.${'A'.repeat(6000)}`,
      `${header}.${'A'.repeat(8000)}.A`,
      '..',
      `${header}..A`,
    ])
      expectInvalidToken(await app.get(token));
    const huge = await call(`${app.url}/seen`, { token: 'A'.repeat(1_000_000) }).catch(() => ({ status: 431 }));
    expect([401, 431]).toContain(huge.status);
  });

  test('of an issuer whom nobody trusts is refused, and nobody is asked', async () => {
    const before = app.issuer.keyRequests;
    expectInvalidToken(await app.present({ claims: { iss: 'http://127.0.0.1:1' } }));
    expect(app.issuer.keyRequests).toBe(before);
  });

  test('stands alongside the application’s own tokens', async () => {
    const own = await app.issue('read');
    expect((await app.get(own, '/read')).status).toBe(200);
  });
});
