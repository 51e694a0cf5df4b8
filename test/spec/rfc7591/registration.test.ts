import { describe, expect, test } from '@jest/globals';
import { STACKS } from '../../support/bookstore.js';
import { useAuthorizationServer } from '../../support/spec/authorization-server.js';

const INITIAL = 'an-initial-access-token-of-a-test';
const MACHINE = { client_name: 'Self-made', grant_types: ['client_credentials'], response_types: [], scope: 'read' };
const WEB = {
  client_name: 'Web',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: ['https://app.example.com/callback'],
  scope: 'read',
};

describe.each(STACKS)('dynamic registration, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: {
      dynamicRegistration: {
        initialAccessToken: INITIAL,
        scopes: ['read', 'write'],
        grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
      },
    },
  });
  const register = (metadata: unknown, token: string | undefined = INITIAL) =>
    suite.send('/oauth2/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token !== '' && { authorization: `Bearer ${token}` }) },
      body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
    });

  test('[RFC 7591 §3.2.1] gives an identifier and, once, a secret; both work at once', async () => {
    const { status, body, headers } = await register(MACHINE);
    expect([status, body]).toEqual([
      201,
      expect.objectContaining({
        client_id: expect.any(String),
        client_secret: expect.stringMatching(/^[A-Za-z0-9_-]{43,}$/),
        client_name: 'Self-made',
        grant_types: ['client_credentials'],
      }),
    ]);
    expect(body).not.toHaveProperty('application');
    expect(headers.get('cache-control')).toBe('no-store');
    const client = { clientId: String(body.client_id), clientSecret: String(body.client_secret) };
    expect(await suite.ownToken(client)).toMatch(/^[A-Za-z0-9_-]{43,}$/);
    const rows = JSON.stringify(await suite.server.oauth2.knex('oauth2_applications').select());
    expect(rows).not.toContain(client.clientSecret);
  });

  test('[RFC 7591 §3] without the initial access token, or with another, nothing is registered', async () => {
    const count = async () => (await suite.server.oauth2.knex('oauth2_applications').select()).length;
    const before = await count();
    for (const token of ['', 'wrong', `${INITIAL}x`, INITIAL.toUpperCase()]) {
      const answer = await register(MACHINE, token);
      expect([token, [400, 401].includes(answer.status)]).toEqual([token, true]);
    }
    expect(await count()).toBe(before);
  });

  test.each([
    ['http elsewhere', 'http://app.example.com/callback'],
    ['a script', 'javascript:alert(1)'],
    ['a fragment', 'https://app.example.com/callback#x'],
    ['a relative one', '/callback'],
    ['a user', 'https://user:password@app.example.com/'],
    ['a number', 5],
    ['an object', { toString: 'x' }],
  ])('[RFC 7591 §3.2.2] a redirect URI that is %s is refused', async (_name, uri) => {
    const answer = await register({ ...WEB, redirect_uris: [uri] });
    expect([
      answer.status,
      ['invalid_redirect_uri', 'invalid_client_metadata'].includes(String(answer.body.error)),
    ]).toEqual([400, true]);
  });

  test.each([
    ['an unknown grant', { grant_types: ['password'] }],
    ['the implicit grant', { grant_types: ['implicit'], response_types: ['token'] }],
    ['an unknown method of authentication', { token_endpoint_auth_method: 'client_secret_jwt' }],
    ['a scope that nobody may register for', { scope: 'introspection' }],
    ['an unknown scope', { scope: 'nope' }],
    ['keys by http', { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://169.254.169.254/keys' }],
    ['keys in two ways', { jwks: { keys: [] }, jwks_uri: 'https://app.example.com/keys' }],
    ['a name that is an object', { client_name: { a: 1 } }],
    ['redirect URIs that are a text', { redirect_uris: 'https://app.example.com/' }],
  ])('[AS-44 RFC 7591 §3.2.2] %s is invalid_client_metadata', async (_name, wrong) => {
    const answer = await register({ ...WEB, ...wrong });
    expect([answer.status, String(answer.body.error)]).toEqual([
      400,
      expect.stringMatching(/^(invalid_client_metadata|invalid_redirect_uri)$/),
    ]);
  });

  test.each(['', 'nonsense', '[]', '5', 'null', '"text"', '{"a":', '{"redirect_uris":["\\u0000"]}'])(
    '[RFC 7591 §3.2.2] a body of %j is refused, not an error of the server',
    async (body) => {
      expect((await register(body)).status).toBe(400);
    },
  );

  test('[RFC 7591 §2] an application cannot give itself what is not its to say', async () => {
    const answer = await register({
      ...MACHINE,
      application: { mayIntrospect: true, skipAuthorization: true, scopes: ['introspection'] },
      client_id: 'chosen',
      client_secret: 'chosen',
      mayIntrospect: true,
    });
    expect(answer.status).toBe(201);
    expect([answer.body.client_id, answer.body.client_secret]).not.toContain('chosen');
    const stored = await suite.server.oauth2.models.Application.query().findOne(
      'client_id',
      String(answer.body.client_id),
    );
    expect(stored).toMatchObject({ mayIntrospect: false, skipAuthorization: false, scope: 'read' });
  });

  test('[RFC 7591 §3] other methods are 405, other media types 400', async () => {
    const get = await suite.send('/oauth2/register');
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    const form = await suite.send('/oauth2/register', {
      method: 'POST',
      headers: { authorization: `Bearer ${INITIAL}` },
      body: new URLSearchParams({ client_name: 'x' }),
    });
    expect([form.status, form.body.error]).toEqual([400, 'invalid_request']);
  });
});

describe.each(STACKS)('dynamic registration for all scopes, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: { dynamicRegistration: { scopes: ['read', 'write'], allScopes: true } },
  });
  const register = (metadata: object) =>
    suite.send('/oauth2/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(metadata),
    });

  test('[RFC 7591 §3.2.1] an application that names one of the scopes can ask for the others, and is told so', async () => {
    const { status, body } = await register({ ...WEB, scope: 'read' });
    expect([status, body.scope]).toEqual([201, 'read write']);
    const stored = await suite.server.oauth2.applications.findByClientId(String(body.client_id));
    expect(stored?.scope).toBe('read write');
  });

  test('[RFC 7591 §3.2.2] a scope that is not offered is refused all the same', async () => {
    const { status, body } = await register({ ...WEB, scope: 'read introspection' });
    expect([status, body.error]).toEqual([400, 'invalid_client_metadata']);
  });
});
