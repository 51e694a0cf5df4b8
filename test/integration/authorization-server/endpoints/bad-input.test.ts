import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  basic,
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../../support/authorization-server.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const CLIENT_ENDPOINTS = [
  '/oauth2/token',
  '/oauth2/introspect',
  '/oauth2/revoke',
  '/oauth2/device_authorization',
  '/oauth2/par',
];
const BROWSER_ENDPOINTS = ['/oauth2/authorize', '/oauth2/device', '/oauth2/logout'];

describe.each(['sqlite', 'mariadb'] as const)('bad input (%s)', (kind) => {
  const problems: string[] = [];
  let server: RunningAuthorizationServer;
  let client: TestClient;
  beforeAll(async () => {
    const log = (message: string) => problems.push(message);
    server = await startAuthorizationServer(kind, {
      logger: { info() {}, warn() {}, error: log },
      options: { throttling: { token: null, authorize: null, device: null, introspection: null } },
    });
    client = await server.register();
  });
  afterAll(async () => {
    await server.close();
    // Nothing of all this is the server's own failure.
    expect(problems).toEqual([]);
  });

  const send = (path: string, body: string | Buffer, headers: Record<string, string> = FORM) =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { authorization: basic(client), ...headers },
      body: body as string,
    });

  async function expectInvalidRequest(answer: Response) {
    const body = (await answer.json()) as Record<string, unknown>;
    expect({ status: answer.status, body }).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  }

  describe.each(CLIENT_ENDPOINTS)('[AS-40 §3.2] POST %s', (path) => {
    test.each([
      ['a parameter twice', 'grant_type=client_credentials&grant_type=client_credentials&token=a'],
      ['an unknown parameter twice', 'x=1&x=2'],
      ['an array', 'scope[]=read&token=a'],
      ['an object', 'scope[a]=read&token=a'],
      ['NUL', 'grant_type=client_credentials&scope=a%00b&token=a%00b'],
      ['a broken escape', 'grant_type=%zz&token=%'],
      ['no UTF-8', 'grant_type=%ff&token=%ff'],
      ['an over-long value', `grant_type=client_credentials&token=${'a'.repeat(9000)}`],
    ])('%s is invalid_request', async (_name, body) => {
      await expectInvalidRequest(await send(path, body));
    });

    test('a body of raw bytes that are no UTF-8 is invalid_request', async () => {
      await expectInvalidRequest(await send(path, Buffer.from([0x61, 0x3d, 0xff, 0xfe])));
    });

    test('a huge body is invalid_request', async () => {
      await expectInvalidRequest(await send(path, `a=${'x'.repeat(70_000)}`));
    });

    test.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x'])(
      'a body of %s is invalid_request',
      async (type) => {
        await expectInvalidRequest(await send(path, '{"grant_type":"client_credentials"}', { 'content-type': type }));
      },
    );

    test('parameters in the URL are invalid_request: credentials never belong there', async () => {
      await expectInvalidRequest(await send(`${path}?client_id=a&client_secret=b`, 'grant_type=client_credentials'));
    });

    test.each(['GET', 'PUT', 'DELETE', 'PATCH'])('%s is 405 with Allow', async (method) => {
      const answer = await fetch(`${server.url}${path}`, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('POST, OPTIONS');
      expect(await answer.json()).toMatchObject({ error: 'invalid_request' });
    });

    test('two ways of client authentication are invalid_request', async () => {
      await expectInvalidRequest(
        await send(path, `grant_type=client_credentials&token=a&client_secret=${client.clientSecret}`),
      );
    });

    test.each([
      'Basic',
      'Basic !!!',
      'Basic YQ==',
      'Bearer abc',
      'Basic %',
      `Basic ${Buffer.from('%zz:%zz').toString('base64')}`,
    ])('Authorization: %s is invalid_request, or invalid_client', async (authorization) => {
      const answer = await send(path, 'grant_type=client_credentials&token=a', { ...FORM, authorization });
      expect([400, 401]).toContain(answer.status);
      expect(['invalid_request', 'invalid_client']).toContain(((await answer.json()) as { error: string }).error);
    });
  });

  test.each(BROWSER_ENDPOINTS)(
    '%s answers bad encodings with the error page, and never goes anywhere',
    async (path) => {
      for (const query of ['state=%00', 'state=%zz', 'state=%ff', 'a[b]=c', `state=${'x'.repeat(8193)}`]) {
        const answer = await fetch(`${server.url}${path}?${query}`, { redirect: 'manual' });
        expect([path, query, answer.status]).toEqual([path, query, 400]);
        expect(answer.headers.get('location')).toBeNull();
        expect(answer.headers.get('content-type')).toContain('text/html');
      }
    },
  );

  test.each(['PATCH', 'PUT', 'DELETE'])('%s at the authorization endpoint is 405 with Allow', async (method) => {
    const answer = await fetch(`${server.url}/oauth2/authorize`, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
  });

  test('[AS-25 §4.1.2.1] repeated parameters at the authorization endpoint redirect nowhere unless all is in order', async () => {
    const { clientId } = client;
    for (const query of [
      `client_id=${clientId}&client_id=${clientId}`,
      `client_id=${clientId}&redirect_uri=https://evil.example/&redirect_uri=https://evil.example/`,
      `client_id=${clientId}&response_type=code&redirect_uri=https://evil.example/&state=a&state=b`,
    ]) {
      const answer = await fetch(`${server.url}/oauth2/authorize?${query}`, { redirect: 'manual' });
      expect([query, answer.status, answer.headers.get('location')]).toEqual([query, 400, null]);
    }
  });

  test.each([
    '/oauth2/authorize/x',
    '/oauth2/TOKEN',
    '/oauth2/token/',
    '//oauth2/token',
    '/oauth2/register',
    '/oauth2/unknown',
    '/oauth2/device/../token',
  ])('%s is no endpoint, and is passed on', async (path) => {
    const [host, port] = new URL(server.url).host.split(':');
    const answer = await raw(
      String(host),
      Number(port),
      `POST ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
    expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 404 Not Found');
  });

  test('[AS-43 §3] no URL depends on the Host field, or on what is forwarded', async () => {
    const [host, port] = new URL(server.url).host.split(':');
    const request = [
      'GET /.well-known/oauth-authorization-server HTTP/1.1',
      'host: evil.example',
      'x-forwarded-host: evil.example',
      'x-forwarded-proto: https',
      'connection: close',
    ].join('\r\n');
    const answer = await raw(String(host), Number(port), `${request}\r\n\r\n`);
    expect(answer).toContain(`"token_endpoint":"${server.url}/oauth2/token"`);
    expect(answer).not.toContain('evil.example');
  });
});

function raw(host: string, port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(request));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('utf8');
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}
