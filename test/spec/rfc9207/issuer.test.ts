import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, authorize, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

describe.each(STACKS)('the issuer in authorization responses, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
  });

  test('[AS-29 §2] a success carries it', async () => {
    const response = responseOf(await authorize(suite.agent(), authorization(client)));
    expect([response.getAll('iss'), response.has('code')]).toEqual([[suite.url], true]);
  });

  test.each([
    ['a malformed request', { code_challenge: undefined }],
    ['an unknown scope', { scope: 'nope' }],
    ['prompt=none and nobody there', { prompt: 'none' }],
    ['another response type', { response_type: 'code id_token', scope: 'openid', nonce: 'n' }],
  ])('[AS-29 §2] an error carries it: %s', async (_name, wrong) => {
    const visit = await suite.ask(client, wrong);
    const { searchParams, hash } = new URL(visit.headers.get('location') ?? '');
    const response = searchParams.has('error') ? searchParams : new URLSearchParams(hash.slice(1));
    expect([response.getAll('iss'), response.has('error')]).toEqual([[suite.url], true]);
  });

  test('[AS-29 §2] a refusal of the user carries it', async () => {
    const fresh = await suite.server.register(FOR_USERS);
    const response = responseOf(await authorize(suite.agent(), authorization(fresh), { decision: 'deny' }));
    expect([response.get('iss'), response.get('error')]).toEqual([suite.url, 'access_denied']);
  });

  test('[AS-29 §3] and the metadata say so', async () => {
    const { body } = await suite.send('/.well-known/oauth-authorization-server');
    expect(body).toMatchObject({ issuer: suite.url, authorization_response_iss_parameter_supported: true });
  });
});
