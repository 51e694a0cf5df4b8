import { once } from 'node:events';
import { connect as connectHttp2, constants, createServer, type Http2Server } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import {
  basic,
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../../support/authorization-server.js';

const FORM = 'grant_type=client_credentials&scope=read';

describe('the body of a token request', () => {
  let server: RunningAuthorizationServer;
  let client: TestClient;
  const problems: string[] = [];

  beforeAll(async () => {
    server = await startAuthorizationServer('sqlite', {
      logger: { info() {}, warn() {}, error: (message: string) => problems.push(message) },
      options: { throttling: { token: null } },
      before: (koa) =>
        koa.use(async (context, next) => {
          const { 'x-set-encoding': encoding, 'x-wait': wait, 'x-watch': watch } = context.req.headers;
          if (watch !== undefined) context.req.on('readable', () => {});
          if (encoding !== undefined) context.req.setEncoding(encoding as BufferEncoding);
          // As a middleware that asks somebody else: all of the body may have come meanwhile.
          if (wait !== undefined) await sleep(20);
          await next();
        }),
    });
    client = await server.register();
  });

  afterAll(async () => {
    await server.close();
    expect(problems).toEqual([]);
  });

  /** Sends the parts one after the other, and answers what came back until the answer was complete. */
  async function send(fields: readonly string[], parts: readonly string[], end?: (socket: Socket) => void) {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname).setNoDelay(true);
    const head = ['POST /oauth2/token HTTP/1.1', 'Host: a', `Authorization: ${basic(client)}`, ...fields, '', ''];
    socket.write(head.join('\r\n'));
    for (const part of parts) {
      await sleep(10);
      socket.write(part);
    }
    end?.(socket);
    let answer = '';
    for await (const chunk of socket) {
      answer += chunk;
      if (/\r\n\r\n\{.*\}$/s.test(answer)) break;
    }
    socket.destroy();
    return answer;
  }

  const type = 'Content-Type: application/x-www-form-urlencoded';
  const length = `Content-Length: ${FORM.length}`;

  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['in one part', [type, length], [FORM]],
    ['letter by letter', [type, length], [...FORM.slice(0, 9), FORM.slice(9)]],
    [
      'in chunks of its own',
      [type, 'Transfer-Encoding: chunked'],
      ['5\r\ngrant\r\n', `${(FORM.length - 5).toString(16)}\r\n${FORM.slice(5)}\r\n`, '0\r\n\r\n'],
    ],
    ['with a charset', [`${type}; charset=utf-8`, length], [FORM]],
    ['before anybody asks for it', [type, length, 'X-Wait: 1'], [FORM]],
    ['while somebody else watches', [type, length, 'X-Wait: 1', 'X-Watch: 1'], [FORM]],
    ['as text, for a middleware before', [type, length, 'X-Set-Encoding: utf8'], [FORM]],
    ['as hex, for a middleware before', [type, length, 'X-Set-Encoding: hex'], [FORM]],
    ['as text and before anybody asks for it', [type, length, 'X-Set-Encoding: utf8', 'X-Wait: 1'], [FORM]],
  ])('may come %s', async (_, fields, parts) => {
    expect(await send(fields, parts)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each<readonly [string, readonly string[], readonly string[], RegExp]>([
    ['empty', [type, 'Content-Length: 0'], [], /grant_type/],
    ['empty and before anybody asks for it', [type, 'Content-Length: 0', 'X-Wait: 1'], [], /grant_type/],
    ['empty and in chunks', [type, 'Transfer-Encoding: chunked'], ['0\r\n\r\n'], /grant_type/],
    ['compressed', [type, length, 'Content-Encoding: gzip'], [FORM], /compressed/],
    ['of another type', ['Content-Type: text/plain', length], [FORM], /must be application/],
    ['too large in what it says', [type, 'Content-Length: 65537'], [], /too large/],
    [
      'too large in what comes',
      [type, 'Transfer-Encoding: chunked'],
      Array(9).fill(`2000\r\n${'a'.repeat(8192)}\r\n`),
      /too large/,
    ],
  ])('%s is refused as invalid_request', async (_, fields, parts, description) => {
    const answer = await send(fields, parts);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"invalid_request"');
    expect(answer).toMatch(description);
  });

  test('a connection that breaks off within it is not a failure of the server, which goes on', async () => {
    await send([type, 'Content-Length: 500'], [FORM], (socket) => socket.destroy()).catch(() => undefined);
    await send([type, 'Content-Length: 500'], [FORM], (socket) => socket.resetAndDestroy()).catch(() => undefined);
    expect(await send([type, length], [FORM])).toMatch(/^HTTP\/1\.1 200 /);
  });

  describe('by HTTP/2', () => {
    let overHttp2: Http2Server;

    beforeAll(async () => {
      const koa = new Koa();
      const mounted = server.oauth2.authorizationServer;
      if (mounted !== undefined) koa.use(mounted.middleware());
      overHttp2 = createServer(koa.callback());
      await new Promise<void>((resolve) => overHttp2.listen(0, '127.0.0.1', resolve));
    });

    afterAll(() => {
      overHttp2.close();
    });

    function post(fields: Record<string, string> = {}) {
      const { port } = overHttp2.address() as AddressInfo;
      const socket = connect(port, '127.0.0.1');
      const session = connectHttp2(`http://127.0.0.1:${port}`, { createConnection: () => socket });
      const stream = session.request({
        ':method': 'POST',
        ':path': '/oauth2/token',
        authorization: basic(client),
        'content-type': 'application/x-www-form-urlencoded',
        ...fields,
      });
      for (const emitter of [session, stream]) emitter.on('error', () => {});
      return { session, stream, socket };
    }

    test.each([FORM, ''])('it may be %j', async (form) => {
      const { session, stream } = post();
      stream.end(form);
      const [fields] = await once(stream, 'response');
      expect(fields[':status']).toBe(form === '' ? 400 : 200);
      session.destroy();
    });

    test.each([
      ['application/x-www-form-urlencoded; charset=utf-8', 200],
      ['Application/X-WWW-Form-Urlencoded', 200],
      ['application/json', 400],
      ['text/plain', 400],
      ['application/x-www-form-urlencoded-not', 400],
    ])('of the media type %s it is answered with %d', async (mediaType, status) => {
      const { session, stream } = post({ 'content-type': mediaType });
      stream.end(FORM);
      const [fields] = await once(stream, 'response');
      expect(fields[':status']).toBe(status);
      session.destroy();
    });

    test.each<readonly [string, Record<string, string>]>([
      ['without a length', {}],
      ['with a length', { 'content-length': '300' }],
    ])('nothing is issued for one that breaks off, %s', async (_, fields) => {
      const before = await server.oauth2.models.AccessToken.query().resultSize();
      for (const breakOff of [
        // Node's own client ends the body before it resets a stream, so the frame is written here.
        ({ socket }: ReturnType<typeof post>) => socket.write(Buffer.from('00000403000000000100000008', 'hex')),
        ({ session }: ReturnType<typeof post>) => session.destroy(),
        ({ session }: ReturnType<typeof post>) => session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM),
      ]) {
        const begun = post(fields);
        begun.stream.write(FORM);
        await sleep(40);
        breakOff(begun);
        await sleep(150);
        begun.session.destroy();
      }
      expect(await server.oauth2.models.AccessToken.query().resultSize()).toBe(before);
    });
  });

  test('a connection goes on after each answer', async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const head = ['POST /oauth2/token HTTP/1.1', 'Host: a', `Authorization: ${basic(client)}`, type, length, '', FORM];
    socket.write(head.join('\r\n').repeat(3));
    let answer = '';
    for await (const chunk of socket) {
      answer += chunk;
      if (answer.split('"access_token"').length === 4) break;
    }
    expect(answer.match(/HTTP\/1\.1 200 /g)).toHaveLength(3);
    socket.destroy();
  });

  test.each(['/oauth2/token', '/oauth2/revoke'])(
    'a caller that breaks off within a body for %s is not a failure of the server',
    async (path) => {
      const { hostname, port } = new URL(server.url);
      await new Promise<void>((resolve, reject) => {
        const socket = connect(Number(port), hostname);
        socket.on('error', reject);
        // What was promised does not come: the server answers that, or sees the end, but notes nothing.
        socket.end(`POST ${path} HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: 100\r\n\r\ngrant_type=`);
        socket.on('close', () => resolve());
        socket.resume();
      });
      // Answers come in the order of the requests: what was to be noted is noted.
      expect((await fetch(`${server.url}/oauth2/jwks`)).status).toBe(200);
      expect(problems).toEqual([]);
    },
  );
});
