import { describe, expect, test } from '@jest/globals';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { authorization, authorize, responseOf } from '../../support/authorization.js';
import { STACKS } from '../../support/bookstore.js';
import { useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { targetOf } from '../../support/user-agent.js';

const CURSOR = 'cursor://anysphere.cursor-retrieval/oauth/user-agent-callback';

describe.each(STACKS)('redirect URIs with schemes of the host, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: { dynamicRegistration: { scopes: ['read'] }, redirectUriSchemes: ['cursor', 'myapp'] },
  });
  const register = (redirectUris: readonly unknown[], more: object = {}) =>
    suite.send('/oauth2/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Native',
        token_endpoint_auth_method: 'none',
        redirect_uris: redirectUris,
        ...more,
      }),
    });

  test('[AS-24 RFC 8252 §7.1] a scheme that the option allows is registered, and the code goes there', async () => {
    const { status, body } = await register([CURSOR, 'http://127.0.0.1/callback', 'com.example.app:/callback']);
    expect([status, body.redirect_uris]).toEqual([
      201,
      [CURSOR, 'http://127.0.0.1/callback', 'com.example.app:/callback'],
    ]);
    const client = { clientId: String(body.client_id), clientSecret: '' };
    const { verifier, query } = authorization(client, { redirect_uri: CURSOR });
    const visit = await authorize(suite.agent(), { verifier, query });
    expect(targetOf(visit).href.startsWith(`${CURSOR}?`)).toBe(true);
    // The page says what opens, and not what stands in the place of a host.
    expect(visit.body).toContain('>cursor:<');
    expect(visit.body).not.toContain('>anysphere.cursor-retrieval<');
    const code = responseOf(visit).get('code') ?? '';
    const answer = await suite.exchange(client, { code, verifier }, { redirect_uri: CURSOR });
    expect([answer.status, answer.body.token_type]).toEqual([200, 'Bearer']);
  });

  test('[AS-30 RFC 8252 §7.1] a page of ours leads on to such a scheme, also where it names our own host', async () => {
    const { host } = new URL(suite.url);
    const { body } = await register([`myapp://${host}/callback`]);
    const client = { clientId: String(body.client_id), clientSecret: '' };
    const request = authorization(client, { redirect_uri: `myapp://${host}/callback` });
    const visit = await authorize(suite.agent(), request);
    expect([visit.status, visit.headers.get('location')]).toEqual([200, null]);
    expect(targetOf(visit).href.startsWith(`myapp://${host}/callback?`)).toBe(true);
    expect(visit.body).toContain('>myapp:<');
  });

  test.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://a.example/1',
    'about:blank',
    'other://callback',
    'http://app.example.com/callback',
    'cursor://user@x/callback',
    'cursor://x/callback#part',
  ])('[AS-24 RFC 7591 §3.2.2] in a mixed list, %s is named in the refusal, and nothing is registered', async (bad) => {
    const count = async () => (await suite.server.oauth2.knex('oauth2_applications').select()).length;
    const before = await count();
    const { status, body } = await register(['https://app.example.com/callback', CURSOR, bad]);
    expect([status, body.error]).toEqual([400, 'invalid_redirect_uri']);
    expect(String(body.error_description)).toMatch(/^redirect_uris\[2\] \(.*\): [\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(String(body.error_description)).toContain(`(${bad})`);
    expect(String(body.error_description)).not.toContain('app.example.com/callback, ');
    expect(await count()).toBe(before);
  });

  test('[AS-24 RFC 7591 §3.2.2] what is refused is repeated as a description may have it, and not at any length', async () => {
    for (const bad of ['https://a.example/"\\x', 'https://a.example/\u00e9', `other://${'x'.repeat(5000)}`]) {
      const { status, body } = await register([CURSOR, bad]);
      expect([status, body.error]).toEqual([400, 'invalid_redirect_uri']);
      expect(String(body.error_description)).toMatch(/^redirect_uris\[1\][\x20-\x21\x23-\x5b\x5d-\x7e]{1,400}$/);
    }
  });

  test('[AS-24 RFC 7591 §3.2.2] a URI after a sign-out is named too, as metadata that is not valid', async () => {
    const { status, body } = await register([CURSOR], { post_logout_redirect_uris: ['myapp:bye', 'other:bye'] });
    expect([status, body.error]).toEqual([400, 'invalid_client_metadata']);
    expect(String(body.error_description)).toMatch(/^post_logout_redirect_uris\[1\] \(other:bye\): /);
  });

  test('[AS-24 RFC 8252 §8.6] for a confidential application such a scheme proves nothing, and is refused', async () => {
    const { status, body } = await register([CURSOR], { token_endpoint_auth_method: 'client_secret_basic' });
    expect([status, body.error]).toEqual([400, 'invalid_redirect_uri']);
    expect(String(body.error_description)).toContain('public applications only');
  });

  test("[AS-24 RFC 8252 §7.1] holds for the host's own code, and what is stored stays when the rest is edited", async () => {
    const { applications, models } = suite.server.oauth2;
    const native = { name: 'Native', clientType: 'public', grantTypes: ['authorization_code'] } as const;
    const { application } = await applications.create({ ...native, redirectUris: ['myapp://cb'] });
    const { clientId } = application;
    await expect(applications.update(clientId, { redirectUris: ['myapp://cb', 'other://cb'] })).rejects.toThrow(
      'application.redirectUris[1]',
    );
    expect((await applications.update(clientId, { redirectUris: ['cursor://cb'] }))?.redirectUris).toBe('cursor://cb');
    // As a process with another option would have done.
    const registered = await models.Application.create(
      { ...native, redirectUris: ['other://cb'] },
      { redirectUriSchemes: ['other'] },
    );
    const { clientId: other } = registered.application;
    expect((await applications.update(other, { name: 'Renamed' }))?.name).toBe('Renamed');
    await expect(applications.create({ ...native, redirectUris: ['other://cb'] })).rejects.toThrow('redirectUris[0]');
  });
});

describe('the option redirectUriSchemes', () => {
  const make = (redirectUriSchemes: unknown) =>
    authorizationServer({
      issuer: 'https://a.example',
      encryptionKeys: [new Uint8Array(32).fill(7)],
      redirectUriSchemes: redirectUriSchemes as string[],
    });

  test.each(['javascript', 'data', 'vbscript', 'file', 'blob', 'about', 'https', 'http', 'Cursor', 'myapp:', 'a b', 5])(
    '[AS-24 RFC 8252 §7.1] %j is refused at start-up',
    (scheme) => {
      expect(() => make(['cursor', scheme])).toThrow('authorizationServer.redirectUriSchemes[1]');
    },
  );

  test('[AS-24 RFC 8252 §7.1] is a list', () => {
    expect(() => make('cursor')).toThrow('authorizationServer.redirectUriSchemes');
    expect(() => make(['cursor'])).not.toThrow();
  });
});
