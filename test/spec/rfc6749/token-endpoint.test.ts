import { beforeAll, describe, expect, test } from '@jest/globals';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  DEVICE_CODE,
  expectError,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';

const URLENCODED = 'application/x-www-form-urlencoded';
const GOOD = 'grant_type=client_credentials&scope=read';

describe.each(STACKS)('the token endpoint, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  let web: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ scopes: ['read', 'write'] });
    web = await suite.server.register(FOR_USERS);
  });

  const send = (body: RequestInit['body'], type: string | undefined = URLENCODED, headers = {}) =>
    suite.send('/oauth2/token', {
      method: 'POST',
      headers: { authorization: basic(client), ...(type !== undefined && { 'content-type': type }), ...headers },
      body,
    });

  test('[AS-40 §5.1] an answer has what it must, and is not to be stored', async () => {
    const answer = await suite.token(GOOD, client);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[A-Za-z0-9_-]{43,}$/),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'read',
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'])('[AS-40 §3.2] %s is 405, with Allow', async (method) => {
    const answer = await suite.send(`/oauth2/token?${GOOD}`, { method, headers: { authorization: basic(client) } });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    if (method !== 'HEAD') expect(answer.body.error).toBe('invalid_request');
  });

  test.each([
    ['JSON', 'application/json', JSON.stringify({ grant_type: 'client_credentials', scope: 'read' })],
    ['plain text', 'text/plain', GOOD],
    [
      'multipart',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
    ],
    ['no known type', 'nonsense', GOOD],
    ['an empty type', '', GOOD],
    ['XML', 'application/xml', '<a/>'],
  ])('[AS-40 §3.2] a body of %s is invalid_request', async (_name, type, body) => {
    expectError(await send(body, type), 400, 'invalid_request');
  });

  test.each([
    ['grant_type twice', `${GOOD}&grant_type=client_credentials`],
    ['scope twice', `${GOOD}&scope=read`],
    ['an unknown parameter twice', `${GOOD}&x=1&x=1`],
    ['an array', 'grant_type[]=client_credentials&scope=read'],
    ['an array with an index', 'grant_type=client_credentials&scope[0]=read'],
    ['an object', 'grant_type[$ne]=x&scope=read'],
    ['a prototype', '__proto__[grant_type]=client_credentials&scope=read'],
    ['NUL in a value', 'grant_type=client_credentials&scope=read%00'],
    ['NUL in a name', `${GOOD}&a%00b=c`],
    ['an escape that is none', 'grant_type=client_credentials&scope=%zz'],
    ['half an escape', 'grant_type=client_credentials&scope=read%2'],
    ['escapes that are no UTF-8', 'grant_type=client_credentials&scope=%ff%fe'],
    ['an overlong form of UTF-8', 'grant_type=client_credentials&scope=%c0%80'],
    ['half a surrogate pair', 'grant_type=client_credentials&scope=%ed%a0%80'],
    ['an over-long value', `${GOOD}&x=${'a'.repeat(9000)}`],
    ['an over-long name', `${GOOD}&${'a'.repeat(300)}=x`],
    ['too many parameters', `${GOOD}&${Array.from({ length: 200 }, (_, index) => `p${index}=x`).join('&')}`],
    ['far too long a body', `${GOOD}&x=${'a'.repeat(200_000)}`],
    ['nothing', ''],
    ['no grant type', 'scope=read'],
    ['an empty grant type', 'grant_type=&scope=read'],
  ])('[AS-40 §3.2] %s is 400 invalid_request', async (_name, body) => {
    expectError(await send(body), 400, 'invalid_request');
  });

  test('[AS-40 §3.2] bytes that are no UTF-8 are 400 invalid_request', async () => {
    const bytes = Buffer.concat([Buffer.from(`${GOOD}&x=`), Buffer.from([0xff, 0xfe, 0x80])]);
    expectError(await send(bytes), 400, 'invalid_request');
    expectError(await send(Buffer.from(GOOD, 'utf16le')), 400, 'invalid_request');
  });

  test('[AS-40 §3.2] a compressed body is 400 invalid_request, not unpacked', async () => {
    expectError(await send(GOOD, URLENCODED, { 'content-encoding': 'gzip' }), 400, 'invalid_request');
  });

  test('[AS-40 §2.3.1] parameters in the URL are 400 invalid_request', async () => {
    const { clientId, clientSecret } = client;
    for (const query of [GOOD, `client_id=${clientId}&client_secret=${clientSecret}`, 'x=1']) {
      expectError(await suite.post(`/oauth2/token?${query}`, GOOD, client), 400, 'invalid_request');
    }
  });

  test('[AS-40 §3.2] an unknown parameter is ignored, and so is one without a value', async () => {
    expect((await send(`${GOOD}&nonsense=1&toString=2&__proto__=3&constructor=`)).status).toBe(200);
    expect((await send(`${GOOD}&resource=`)).status).toBe(200);
    expect((await send(GOOD, `${URLENCODED}; charset=UTF-8`)).status).toBe(200);
  });

  test.each([
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'toString',
    '__proto__',
    'nonsense',
  ])('[AS-28 RFC 9700 §2.4] there is no grant type %s', async (grantType) => {
    const form = { grant_type: grantType, username: 'alice', password: 'ecila', scope: 'read' };
    expectError(await suite.token(form, client), 400, 'unsupported_grant_type');
    expectError(await suite.token(form, web), 400, 'unsupported_grant_type');
  });

  test('[§5.2] a grant that the application was not registered for is unauthorized_client', async () => {
    expectError(await suite.token(GOOD, web), 400, 'unauthorized_client');
    const forms: Record<string, string>[] = [
      {
        grant_type: 'authorization_code',
        code: 'x',
        redirect_uri: 'https://x.example/',
        code_verifier: 'x'.repeat(43),
      },
      { grant_type: 'refresh_token', refresh_token: 'x' },
      { grant_type: DEVICE_CODE, device_code: 'x' },
    ];
    for (const form of forms) {
      expectError(await suite.token(form, client), 400, 'unauthorized_client');
    }
  });

  test('[§5.2] a grant without what it is about is invalid_request, one that does not exist is invalid_grant', async () => {
    for (const grantType of ['authorization_code', 'refresh_token', DEVICE_CODE]) {
      expectError(await suite.token({ grant_type: grantType }, web), 400, 'invalid_request');
    }
    const verifier = 'x'.repeat(43);
    for (const value of ['nonsense', 'a.b.c', 'x'.repeat(2000), '../../etc', "' OR 1=1 --", 'ä', '%']) {
      const code = await suite.exchange(web, { code: value, verifier });
      expectError(code, 400, 'invalid_grant');
      expectError(await suite.refresh(web, value), 400, 'invalid_grant');
      expectError(await suite.token({ grant_type: DEVICE_CODE, device_code: value }, web), 400, 'invalid_grant');
    }
  });

  test('[§4.4.3] client credentials give no refresh token, also where the application may have some', async () => {
    const both = await suite.server.register({ grantTypes: ['client_credentials', 'refresh_token'] });
    const answer = await suite.token({ grant_type: 'client_credentials', scope: 'read offline_access' }, both);
    expect(answer.body).not.toHaveProperty('refresh_token');
  });

  test('[§4.4] a public application has no client credentials', async () => {
    const created = suite.server.register({ clientType: 'public', grantTypes: ['client_credentials'] });
    await expect(created).rejects.toThrow(/client_credentials.*public/);
    const open = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    expectError(await suite.token(Object.fromEntries(new URLSearchParams(GOOD)), open), 400, 'unauthorized_client');
  });

  test.each([
    ['unknown', 'read nope'],
    ['not allowed for the application', 'read api'],
    ['malformed', 'read "write"'],
    ['no scope name', 'ä'],
    ['a property of every object', 'constructor'],
  ])('[§5.2] with a scope that is %s: invalid_scope, whichever grant', async (_name, scope) => {
    const limited = await suite.server.register({
      grantTypes: [...FOR_USERS.grantTypes, 'client_credentials'],
      redirectUris: FOR_USERS.redirectUris,
      scopes: ['read', 'write'],
    });
    expectError(await suite.token({ grant_type: 'client_credentials', scope }, limited), 400, 'invalid_scope');
    expectError(await suite.post('/oauth2/device_authorization', { scope }, limited), 400, 'invalid_scope');
    const { refresh_token } = await suite.tokens(limited);
    expectError(await suite.refresh(limited, refresh_token, { scope }), 400, 'invalid_scope');
  });

  test('[§3.3] a request without a scope is invalid_scope where there are no default scopes', async () => {
    expectError(await suite.token({ grant_type: 'client_credentials' }, client), 400, 'invalid_scope');
    expectError(await suite.token({ grant_type: 'client_credentials', scope: '' }, client), 400, 'invalid_scope');
  });
});
