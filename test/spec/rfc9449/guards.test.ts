import 'reflect-metadata';
import { randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, type JWTHeaderParameters, SignJWT, UnsecuredJWT } from 'jose';
import { All, Authorized, Controller, CurrentUser, Get, Post } from 'routing-controllers';
import { Public } from '../../../src/public/index.js';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { newProofKey, type ProofKey, type ProofParts, proofOf } from '../../support/dpop.js';
import { type Answer, useAuthorizationServer } from '../../support/spec/authorization-server.js';

@Controller()
class Things {
  @Get('/things')
  @Authorized('read')
  list(@CurrentUser() user: { id: string } | undefined) {
    return { user: user?.id ?? null };
  }

  @Post('/things')
  @Authorized('write')
  add() {
    return { added: true };
  }

  @Get('/things/:name')
  @Authorized('read')
  one() {
    return { found: true };
  }

  @All('/public')
  @Public()
  open() {
    return { open: true };
  }
}

const ALGORITHMS = /, algs="ES256 [A-Za-z0-9 ]+"$/;

describe.each(STACKS)('DPoP at the guards, on %s', (name) => {
  const suite = useAuthorizationServer(name, { controllers: [Things] });
  let machine: TestClient;
  let key: ProofKey;
  let token: string;

  beforeAll(async () => {
    machine = await suite.server.register({ grantTypes: ['client_credentials'] });
    key = await newProofKey();
    token = await boundToken(key);
  });

  async function boundToken(by: ProofKey, scope = 'read'): Promise<string> {
    const proof = await proofOf(by, { method: 'POST', url: `${suite.url}/oauth2/token` });
    const answer = await suite.send('/oauth2/token', {
      method: 'POST',
      headers: { dpop: proof, authorization: basic(machine) },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    });
    expect(answer.body.token_type).toBe('DPoP');
    return String(answer.body.access_token);
  }

  const proofFor = (parts: ProofParts = {}, by = key, path = '/things', method = 'GET', of = token) =>
    proofOf(by, { method, url: `${suite.url}${path}`, token: of }, parts);

  const call = (proof: string | undefined, path = '/things', { of = token, scheme = 'DPoP', method = 'GET' } = {}) =>
    suite.send(path, {
      method,
      headers: { authorization: `${scheme} ${of}`, ...(proof !== undefined && { dpop: proof }) },
    });

  function expectRefused(answer: Answer, error: string, description?: string): void {
    expect([answer.status, answer.body.error]).toEqual([401, error]);
    if (description !== undefined) expect(answer.body.error_description).toBe(description);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const challenge = answer.headers.get('www-authenticate') ?? '';
    expect(challenge).toMatch(
      new RegExp(`^Bearer realm="api", DPoP realm="api", error="${error}", error_description="`),
    );
    expect(challenge).toMatch(ALGORITHMS);
  }

  const PROBLEM = 'The DPoP proof is not valid: ';

  test('[RS-19 §7.1] a token that our server has bound to a key is good with a proof of that key', async () => {
    const answer = await call(await proofFor());
    expect([answer.status, answer.body]).toEqual([200, { user: null }]);
    // What was verified is cached, and each proof is checked all the same.
    expect((await call(await proofFor())).status).toBe(200);
    expect(answer.headers.get('vary')?.split(/, */)).toEqual(expect.arrayContaining(['Authorization', 'DPoP']));
  });

  test('[RS-22 RFC 9728 §2] the metadata of the resource names the algorithms', async () => {
    const { body } = await suite.send('/.well-known/oauth-protected-resource');
    expect(body.dpop_signing_alg_values_supported).toEqual(['ES256', 'RS256', 'PS256', 'EdDSA']);
    expect(body).not.toHaveProperty('tls_client_certificate_bound_access_tokens');
  });

  test.each(['dpop', 'DPOP', 'DPoP  '])('[RS-19 §7.1] the scheme may be written %j', async (scheme) => {
    expect((await call(await proofFor(), '/things', { scheme })).status).toBe(200);
  });

  test.each(['ES256', 'EdDSA', 'PS256', 'RS256'])('[RS-19 §4.2] a proof may be signed by %s', async (alg) => {
    const other = await newProofKey(alg);
    const of = await boundToken(other);
    expect((await call(await proofFor({}, other, '/things', 'GET', of), '/things', { of })).status).toBe(200);
  });

  test('[RS-20 §7.2] a token that is bound to a key is refused as a bearer token, with or without a proof', async () => {
    for (const proof of [undefined, await proofFor()]) {
      const answer = await call(proof, '/things', { scheme: 'Bearer' });
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token']);
      expect(answer.headers.get('www-authenticate')).toMatch(
        /^Bearer realm="api", error="invalid_token", error_description="The access token is invalid\.".*, DPoP realm="api", algs="ES256 [A-Za-z0-9 ]+"$/,
      );
    }
  });

  test('[RS-20 §7.2] a bearer token is refused under DPoP, whatever proof comes with it', async () => {
    const bearer = await suite.ownToken(machine);
    expect((await call(undefined, '/things', { of: bearer, scheme: 'Bearer' })).status).toBe(200);
    expectRefused(
      await call(await proofFor({}, key, '/things', 'GET', bearer), '/things', { of: bearer }),
      'invalid_token',
    );
    expectRefused(await call(undefined, '/things', { of: bearer }), 'invalid_dpop_proof');
  });

  test('[RS-19 §7.1] without credentials both schemes are offered, with the algorithms', async () => {
    const answer = await suite.send('/things');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^Bearer realm="api",.*, DPoP realm="api",.*, algs="ES256 [A-Za-z0-9 ]+"$/,
    );
  });

  test('[RS-7 RS-19 §7.1] a scope that is missing is told in the challenge of DPoP', async () => {
    const answer = await call(await proofFor({}, key, '/things', 'POST'), '/things', { method: 'POST' });
    expect([answer.status, answer.body.error]).toEqual([403, 'insufficient_scope']);
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^Bearer realm="api", DPoP realm="api", error="insufficient_scope", error_description="[^"]+", scope="write",.* algs="/,
    );
  });

  test('[RS-19 §4.3] a request without a proof, or with two, is refused', async () => {
    expectRefused(await call(undefined), 'invalid_dpop_proof', 'The request has no DPoP proof.');
    const two = `${await proofFor()}, ${await proofFor()}`;
    expectRefused(await call(two), 'invalid_dpop_proof', `${PROBLEM}there is more than one.`);
    expectRefused(await call(`${await proofFor()},`), 'invalid_dpop_proof');
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['another method', { htm: 'POST' }, 'htm is not the method of the request'],
    ['the method in lower case', { htm: 'get' }, 'htm is not the method of the request'],
    ['no method', { htm: undefined }, 'htm is not the method of the request'],
    ['another origin', { htu: 'https://other.example.com/things' }, 'htu is not the URI of the request'],
    ['another path', { htu: 'PATH/things/1' }, 'htu is not the URI of the request'],
    ['the path in another case', { htu: 'PATH/Things' }, 'htu is not the URI of the request'],
    ['a path alone', { htu: '/things' }, 'htu is not the URI of the request'],
    ['no URI', { htu: undefined }, 'htu is not the URI of the request'],
    ['a list of URIs', { htu: ['PATH/things'] }, 'htu is not the URI of the request'],
    ['no time', { iat: undefined }, 'iat is not the present time'],
    ['a time as a text', { iat: 'now' }, 'iat is not the present time'],
    ['a time long past', { iat: 'PAST' }, 'iat is not the present time'],
    ['a time ahead', { iat: 'AHEAD' }, 'iat is not the present time'],
    ['an endless time', { iat: 1e300 }, 'iat is not the present time'],
    ['no identifier', { jti: undefined }, 'jti'],
    ['an empty identifier', { jti: '' }, 'jti'],
    ['a number as identifier', { jti: 5 }, 'jti'],
    ['a very long identifier', { jti: 'x'.repeat(257) }, 'jti'],
    ['no hash of the token', { ath: undefined }, 'ath is not the hash of the access token'],
    ['the hash of another token', { ath: 'x'.repeat(43) }, 'ath is not the hash of the access token'],
  ])('[RS-19 §4.3] a proof with %s is refused', async (_name, claims, problem) => {
    const now = Math.floor(Date.now() / 1000);
    const filled = Object.fromEntries(
      Object.entries(claims).map(([member, value]) => {
        if (value === 'PAST') return [member, now - 62];
        if (value === 'AHEAD') return [member, now + 8];
        return [
          member,
          typeof value === 'string'
            ? value.replace('PATH', suite.url)
            : value === undefined
              ? undefined
              : JSON.parse(JSON.stringify(value).replaceAll('PATH', suite.url)),
        ];
      }),
    );
    expectRefused(await call(await proofFor({ claims: filled })), 'invalid_dpop_proof', `${PROBLEM}${problem}.`);
  });

  test('[RS-19 §4.3] of another type, algorithm or key, or not signed by the key in it, a proof is refused', async () => {
    const other = await newProofKey();
    const claims = { htm: 'GET', htu: `${suite.url}/things`, jti: randomUUID(), iat: Math.floor(Date.now() / 1000) };
    const header = { typ: 'dpop+jwt', jwk: { kty: 'oct', k: 'YQ' } };
    const symmetric = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', ...header } as JWTHeaderParameters)
      .sign(new TextEncoder().encode('a shared value of thirty-two bytes'));
    for (const [wrong, problem] of [
      [await proofFor({ header: { typ: 'JWT' } }), 'typ'],
      [await proofFor({ header: { typ: undefined } }), 'typ'],
      [await proofFor({ header: { jwk: undefined } }), 'jwk'],
      [await proofFor({ header: { jwk: await exportJWK(key.privateKey) } }), 'jwk is not a public key'],
      [await proofFor({}, other), 'it is signed by another key than the access token is bound to'],
      [
        await proofOf({ ...other, jwk: key.jwk }, { method: 'GET', url: `${suite.url}/things`, token }),
        'its signature is wrong',
      ],
      [
        await proofOf({ ...key, jwk: other.jwk }, { method: 'GET', url: `${suite.url}/things`, token }),
        'it is signed by another key than the access token is bound to',
      ],
      [symmetric, 'alg'],
      [new UnsecuredJWT(claims).encode(), 'typ'],
      [`${await proofFor()}x`, 'its signature is wrong'],
      ['nonsense', undefined],
      ['a.b.c', undefined],
      ['..', undefined],
      ['x'.repeat(5_000), 'it is too long'],
    ] as const) {
      const description = problem === undefined ? undefined : `${PROBLEM}${problem}.`;
      expectRefused(await call(wrong), 'invalid_dpop_proof', description);
    }
    // All that does no harm to who has the key.
    expect((await call(await proofFor())).status).toBe(200);
  });

  test.each([
    ['a query', (url: string) => `${url}/things?page=2`],
    ['a fragment', (url: string) => `${url}/things#top`],
    ['the scheme in upper case', (url: string) => `${url.replace('http', 'HTTP')}/things`],
    ['dot segments', (url: string) => `${url}/other/../things`],
    ['percent-encoded letters', (url: string) => `${url}/%74hings`],
  ])('[RS-19 §4.3] htu is compared after normalization: %s', async (_name, htu) => {
    expect((await call(await proofFor({ claims: { htu: htu(suite.url) } }), '/things?page=2')).status).toBe(200);
  });

  test('[RS-19 §4.3] the host of a request is not believed: the proof is for the configured URL', async () => {
    const { port } = new URL(suite.url);
    const proof = await proofFor({ claims: { htu: `http://localhost:${port}/things` } });
    const answer = await fetch(`http://localhost:${port}/things`, {
      headers: { authorization: `DPoP ${token}`, dpop: proof },
    }).catch(() => undefined);
    if (answer !== undefined) expect(answer.status).toBe(401);
    expect((await call(proof)).status).toBe(401);
  });

  test('[RS-19 §11.1] a proof is good once, also for many requests at the same moment', async () => {
    const once = await proofFor();
    expect((await call(once)).status).toBe(200);
    expectRefused(await call(once), 'invalid_dpop_proof', `${PROBLEM}it was used before.`);
    const many = await proofFor();
    const answers = await Promise.all(Array.from({ length: 30 }, () => call(many)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(29);
  });

  test('[RS-19 §11.1] two callers may choose the same identifier', async () => {
    const other = await newProofKey();
    const of = await boundToken(other);
    const claims = { jti: randomUUID() };
    expect((await call(await proofFor({ claims }))).status).toBe(200);
    expect((await call(await proofFor({ claims }, other, '/things', 'GET', of), '/things', { of })).status).toBe(200);
  });

  test('[RS-19 §7.1] a proof that is refused for another reason is not spent', async () => {
    const proof = await proofFor();
    expectRefused(await call(proof, '/things/1'), 'invalid_dpop_proof');
    expect((await call(proof)).status).toBe(200);
  });

  test('[RS-19] a HEAD request needs a proof for HEAD', async () => {
    expect((await call(await proofFor(), '/things', { method: 'HEAD' })).status).toBe(401);
    expect((await call(await proofFor({}, key, '/things', 'HEAD'), '/things', { method: 'HEAD' })).status).toBe(200);
  });

  test('[RS-6] unknown, revoked and malformed tokens are refused the same under DPoP', async () => {
    const revoked = await boundToken(key);
    await suite.server.oauth2.tokens.revoke(revoked);
    for (const other of [revoked, randomBytes(32).toString('base64url'), 'not a token', '']) {
      const proof = await proofFor({}, key, '/things', 'GET', other);
      expectRefused(await call(proof, '/things', { of: other }), 'invalid_token');
    }
  });

  test('a token that is bound to a key is told of with its binding, and verified by nobody without a proof', async () => {
    const { tokens } = suite.server.oauth2;
    expect(await tokens.inspect(token)).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.jkt } });
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'invalid_token' });
  });
});

describe('DPoP with nonces', () => {
  const keys = [randomBytes(32), randomBytes(32)];
  const suite = useAuthorizationServer('SQLite + memory', {
    controllers: [Things],
    oauth2: { dpop: { nonceKeys: keys, maxAgeSeconds: 300 } },
  });

  test('[RS-19 §9] a proof without our nonce is answered with one, which is then good for more than a minute', async () => {
    const machine = await suite.server.register({ grantTypes: ['client_credentials'] });
    const key = await newProofKey();
    const issued = await suite.send('/oauth2/token', {
      method: 'POST',
      headers: {
        dpop: await proofOf(key, { method: 'POST', url: `${suite.url}/oauth2/token` }),
        authorization: basic(machine),
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read' }),
    });
    const token = String(issued.body.access_token);
    const call = async (nonce: unknown) => {
      const claims = { nonce, iat: Math.floor(suite.clock.nowMilliseconds() / 1000) };
      const dpop = await proofOf(key, { method: 'GET', url: `${suite.url}/things`, token }, { claims });
      return suite.send('/things', { headers: { authorization: `DPoP ${token}`, dpop } });
    };
    for (const nonce of [undefined, '', 5, 'x'.repeat(22), 'nonsense']) {
      const refused = await call(nonce);
      expect([refused.status, refused.body.error]).toEqual([401, 'use_dpop_nonce']);
      expect(refused.headers.get('www-authenticate')).toMatch(/DPoP realm="api", error="use_dpop_nonce"/);
      expect(refused.headers.get('dpop-nonce')).toMatch(/^[\w-]{22}$/);
    }
    const nonce = (await call(undefined)).headers.get('dpop-nonce');
    const good = await call(nonce);
    expect(good.status).toBe(200);
    suite.clock.offsetSeconds = 60;
    const later = await call(nonce);
    expect(later.status).toBe(200);
    expect(later.headers.get('dpop-nonce')).toMatch(/^[\w-]{22}$/);
    expect(later.headers.get('dpop-nonce')).not.toBe(nonce);
    suite.clock.offsetSeconds = 180;
    expect((await call(nonce)).body.error).toBe('use_dpop_nonce');
    suite.clock.offsetSeconds = 0;
  });
});

describe('without DPoP', () => {
  const suite = useAuthorizationServer('SQLite + memory', { controllers: [Things], oauth2: { dpop: false } });

  test('[RS-20 §7.2] a token that is bound to a key is refused, however it is presented, and DPoP is not offered', async () => {
    const machine = await suite.server.register({ grantTypes: ['client_credentials'] });
    const key = await newProofKey();
    const dpop = await proofOf(key, { method: 'POST', url: `${suite.url}/oauth2/token` });
    const issued = await suite.send('/oauth2/token', {
      method: 'POST',
      headers: { dpop, authorization: basic(machine) },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read' }),
    });
    const token = String(issued.body.access_token);
    for (const scheme of ['DPoP', 'Bearer']) {
      const proof = await proofOf(key, { method: 'GET', url: `${suite.url}/things`, token });
      const answer = await suite.send('/things', { headers: { authorization: `${scheme} ${token}`, dpop: proof } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="api"(?!.*DPoP)/);
    }
  });
});
