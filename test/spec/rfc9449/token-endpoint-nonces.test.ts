import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Authorized, Get, JsonController } from 'routing-controllers';
import type { TestClient } from '../../support/authorization-server.js';
import { basic } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { newProofKey, type ProofKey, proofOf } from '../../support/dpop.js';
import { useAuthorizationServer } from '../../support/spec/authorization-server.js';

@JsonController()
class Books {
  @Get('/books')
  @Authorized(['read'])
  list() {
    return ['Persuasion'];
  }
}

const FORM = { grant_type: 'client_credentials', scope: 'read' };

describe.each(STACKS)('nonces of DPoP proofs at the token endpoint, on %s', (name) => {
  const nonceKeys = [randomBytes(32)];
  const suite = useAuthorizationServer(name, {
    controllers: [Books],
    oauth2: { dpop: { nonceKeys } },
    options: { requireDPoPNonce: true },
  });
  let machine: TestClient;
  let key: ProofKey;
  beforeAll(async () => {
    machine = await suite.server.register();
    key = await newProofKey();
  });

  const proof = (nonce: string | undefined, path = '/oauth2/token', method = 'POST', token?: string) =>
    proofOf(
      key,
      { method, url: `${suite.url}${path}`, ...(token !== undefined && { token }) },
      { claims: { nonce, iat: Math.floor(suite.clock.nowMilliseconds() / 1000) } },
    );
  const ask = async (nonce: string | undefined) =>
    suite.send('/oauth2/token', {
      method: 'POST',
      headers: { authorization: basic(machine), dpop: await proof(nonce) },
      body: new URLSearchParams(FORM),
    });
  const nonceOf = async () => (await ask(undefined)).headers.get('dpop-nonce') ?? '';

  test.each([
    ['none', undefined],
    ['a wrong one', 'x'.repeat(22)],
    ['an empty one', ''],
  ])('[AS-74 §8] a proof with %s is answered with use_dpop_nonce and the nonce to use', async (_what, nonce) => {
    const answer = await ask(nonce);
    expect([answer.status, answer.body.error]).toEqual([400, 'use_dpop_nonce']);
    expect(answer.headers.get('dpop-nonce')).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const again = await ask(answer.headers.get('dpop-nonce') ?? '');
    expect([again.status, again.body.token_type, again.headers.get('dpop-nonce')]).toEqual([200, 'DPoP', null]);
  });

  test('[AS-74 §8.2] a nonce is replaced after a minute, and refused after two', async () => {
    const first = await nonceOf();
    try {
      suite.clock.offsetSeconds = 60;
      const later = await ask(first);
      expect(later.status).toBe(200);
      const next = later.headers.get('dpop-nonce') ?? '';
      expect(next).not.toBe(first);
      expect((await ask(next)).status).toBe(200);
      suite.clock.offsetSeconds = 121;
      expect((await ask(first)).body.error).toBe('use_dpop_nonce');
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  });

  test('[AS-74 §8] the guards beside it take the same nonce, and give the same', async () => {
    const nonce = await nonceOf();
    const token = String((await ask(nonce)).body.access_token);
    const call = async (given: string | undefined) =>
      suite.send('/books', {
        headers: { authorization: `DPoP ${token}`, dpop: await proof(given, '/books', 'GET', token) },
      });
    expect((await call(nonce)).status).toBe(200);
    const refused = await call(undefined);
    expect(refused.status).toBe(401);
    expect((await ask(refused.headers.get('dpop-nonce') ?? '')).status).toBe(200);
  });

  test('[AS-74 §8] requests without a proof are not concerned', async () => {
    expect((await suite.token(FORM, machine)).status).toBe(200);
  });

  test('[AS-74 §8] oauth4webapi repeats the request with the nonce by its documented way', async () => {
    const allowInsecureRequests = { [oauth.allowInsecureRequests]: true };
    const issuer = new URL(suite.url);
    const as = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...allowInsecureRequests }),
    );
    const client: oauth.Client = { client_id: machine.clientId };
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
    const request = async () => {
      const response = await oauth.clientCredentialsGrantRequest(
        as,
        client,
        oauth.ClientSecretBasic(machine.clientSecret),
        { scope: 'read' },
        { DPoP, ...allowInsecureRequests },
      );
      return oauth.processClientCredentialsResponse(as, client, response);
    };
    const error = await request().catch((thrown: unknown) => thrown);
    expect(oauth.isDPoPNonceError(error)).toBe(true);
    const { access_token: token, token_type: type } = await request();
    expect(type).toBe('dpop');
    // The nonce that it keeps for the origin is good at the guard at once.
    const books = await oauth.protectedResourceRequest(
      token,
      'GET',
      new URL('/books', suite.url),
      undefined,
      undefined,
      { DPoP, ...allowInsecureRequests },
    );
    expect(await books.json()).toEqual(['Persuasion']);
  });

  test('[AS-74 §8] openid-client does it by itself', async () => {
    const execute = [openid.allowInsecureRequests];
    const config = await openid.discovery(
      new URL(suite.url),
      machine.clientId,
      machine.clientSecret,
      openid.ClientSecretBasic(machine.clientSecret),
      { execute },
    );
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
    const tokens = await openid.clientCredentialsGrant(config, { scope: 'read' }, { DPoP });
    expect(tokens.token_type).toBe('dpop');
    const books = await openid.fetchProtectedResource(
      config,
      tokens.access_token,
      new URL('/books', suite.url),
      'GET',
      undefined,
      undefined,
      { DPoP },
    );
    expect(await books.json()).toEqual(['Persuasion']);
  });
});

describe('nonces of DPoP proofs that are not required', () => {
  const suite = useAuthorizationServer('SQLite + memory');

  test('[AS-74 §8] proofs without one are good', async () => {
    const machine = await suite.server.register();
    const key = await newProofKey();
    const dpop = await proofOf(key, { method: 'POST', url: `${suite.url}/oauth2/token` });
    const answer = await suite.send('/oauth2/token', {
      method: 'POST',
      headers: { authorization: basic(machine), dpop },
      body: new URLSearchParams(FORM),
    });
    expect([answer.status, answer.body.token_type]).toEqual([200, 'DPoP']);
  });
});
