import { once } from 'node:events';
import { connect as connectHttp2, createServer } from 'node:http2';
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
          const { 'x-set-encoding': encoding, 'x-wait': wait } = context.req.headers;
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

  test('a connection that breaks off within it is no failure of the server, which goes on', async () => {
    await send([type, 'Content-Length: 500'], [FORM], (socket) => socket.destroy()).catch(() => undefined);
    await send([type, 'Content-Length: 500'], [FORM], (socket) => socket.resetAndDestroy()).catch(() => undefined);
    expect(await send([type, length], [FORM])).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([FORM, ''])('may come by HTTP/2: %j', async (form) => {
    const koa = new Koa();
    const mounted = server.oauth2.authorizationServer;
    if (mounted !== undefined) koa.use(mounted.middleware());
    const overHttp2 = createServer(koa.callback());
    await new Promise<void>((resolve) => overHttp2.listen(0, '127.0.0.1', resolve));
    const session = connectHttp2(`http://127.0.0.1:${(overHttp2.address() as AddressInfo).port}`);
    try {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/oauth2/token',
        authorization: basic(client),
        'content-type': 'application/x-www-form-urlencoded',
      });
      stream.end(form);
      const [fields] = await once(stream, 'response');
      expect(fields[':status']).toBe(form === '' ? 400 : 200);
      stream.destroy();
    } finally {
      session.destroy();
      overHttp2.close();
    }
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
});
