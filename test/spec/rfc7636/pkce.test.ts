import { beforeAll, describe, expect, test } from '@jest/globals';
import { responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

/** RFC 7636 appendix B. */
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

describe.each(STACKS)('PKCE, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  let open: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
    open = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
  });

  const NONE = { code_challenge: undefined, code_challenge_method: undefined };

  test('[AS-27 appendix B] the verifier of the RFC fits its challenge', async () => {
    const { code } = await suite.code(client, { code_challenge: CHALLENGE });
    expect((await suite.exchange(client, { code, verifier: VERIFIER })).status).toBe(200);
  });

  test.each([
    ['no challenge', NONE],
    ['an empty challenge', { code_challenge: '' }],
    ['a method without a challenge', { code_challenge: undefined }],
    ['the method plain', { code_challenge: VERIFIER, code_challenge_method: 'plain' }],
    ['no method, which would mean plain', { code_challenge_method: undefined }],
    ['an unknown method', { code_challenge_method: 'S512' }],
    ['another case of the method', { code_challenge_method: 's256' }],
    ['a challenge that is too short', { code_challenge: CHALLENGE.slice(1) }],
    ['a challenge that is too long', { code_challenge: 'x'.repeat(129) }],
    ['a challenge with other characters', { code_challenge: `${CHALLENGE.slice(1)}=` }],
  ])('[AS-27 §4.4.1, RFC 9700 §2.1.1] %s is invalid_request, for every application', async (_name, wrong) => {
    for (const by of [client, open]) {
      const response = responseOf(await suite.ask(by, wrong));
      expect([wrong, response.get('error'), response.get('code')]).toEqual([wrong, 'invalid_request', null]);
    }
  });

  test('[AS-27 §4.4.1] the same for pushed requests, and for OpenID Connect with a nonce', async () => {
    const form = {
      response_type: 'code',
      scope: 'openid read',
      nonce: 'n',
      redirect_uri: FOR_USERS.redirectUris[0] ?? '',
    };
    expectError(await suite.post('/oauth2/par', form, client), 400, 'invalid_request');
    const response = responseOf(await suite.ask(client, { ...NONE, scope: 'openid read', nonce: 'n' }));
    expect(response.get('error')).toBe('invalid_request');
  });

  test.each([
    ['another verifier', 'x'.repeat(43)],
    ['the challenge itself', CHALLENGE],
    ['the verifier in another case', VERIFIER.toLowerCase()],
    ['the verifier and more', `${VERIFIER}a`],
    ['the longest verifier there may be', 'x'.repeat(128)],
  ])('[AS-27 §4.6] %s is invalid_grant', async (_name, verifier) => {
    const { code } = await suite.code(client, { code_challenge: CHALLENGE });
    expectError(await suite.exchange(client, { code, verifier }), 400, 'invalid_grant');
  });

  test.each([
    ['too short', 'x'.repeat(42)],
    ['too long', 'x'.repeat(129)],
    ['with other characters', `${'x'.repeat(43)}!`],
    ['with NUL', `${'x'.repeat(43)}\0`],
  ])('[AS-27 §4.1] a verifier that is %s is refused', async (_name, verifier) => {
    const { code } = await suite.code(client, { code_challenge: CHALLENGE });
    const answer = await suite.exchange(client, { code, verifier });
    expect([answer.status, ['invalid_request', 'invalid_grant'].includes(String(answer.body.error))]).toEqual([
      400,
      true,
    ]);
  });

  test('[AS-27 §4.5, RFC 9700 §4.8] a code is worth nothing without its verifier: no downgrade', async () => {
    for (const by of [client, open]) {
      const code = await suite.code(by);
      const answer = await suite.exchange(by, code, { code_verifier: '' });
      expect([answer.status, ['invalid_request', 'invalid_grant'].includes(String(answer.body.error))]).toEqual([
        400,
        true,
      ]);
    }
  });

  test('[AS-27] the verifier of one code is none of another', async () => {
    const [one, two] = [await suite.code(client), await suite.code(client)];
    expectError(await suite.exchange(client, { code: one.code, verifier: two.verifier }), 400, 'invalid_grant');
    expect((await suite.exchange(client, two)).status).toBe(200);
  });
});
