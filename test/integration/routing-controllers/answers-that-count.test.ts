import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Context } from 'koa';
import { Ctx, Get, HttpError, JsonController } from 'routing-controllers';
import { type OAuth2, Public, Throttle } from '../../../src/public/index.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

/** What actions wait for before they answer, and the end of each stream. */
const held: (() => void)[] = [];
const closed: Promise<unknown>[] = [];

@JsonController()
class Actions {
  /** Signs in, say: a wrong password is 401. */
  @Public()
  @Throttle({
    name: 'wrong',
    rate: '1/h',
    subject: ({ request }) => String((request as Context['request']).query.who),
    countWhen: (status) => status === 401,
  })
  @Get('/sign-in')
  async signIn(@Ctx() context: Context) {
    closed.push(once((context.res as unknown as Http2ServerResponse).stream, 'close'));
    if (context.query.wait !== undefined) await new Promise<void>((resolve) => held.push(resolve));
    if (context.query.password !== 'right') throw new HttpError(401, 'Wrong.');
    return {};
  }
}

describe('by HTTP/2, a policy that counts by the answer', () => {
  let oauth2: OAuth2;
  let session: ClientHttp2Session;
  const server = createServer();

  beforeAll(async () => {
    ({ oauth2 } = await testOAuth2());
    server.on('request', oauth2.createKoaServer({ controllers: [Actions] }).callback());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  beforeEach(() => {
    held.length = 0;
    closed.length = 0;
  });
  afterAll(async () => {
    session.destroy();
    server.close();
    await oauth2.close();
  });

  const ask = async (path: string) => {
    const stream = session.request({ ':path': path });
    const [fields] = (await once(stream.resume(), 'response')) as [IncomingHttpHeaders];
    await once(stream, 'close');
    return fields[':status'];
  };

  test('[TH-45] counts what it says, and nothing else', async () => {
    expect(await ask('/sign-in?who=alice&password=right')).toBe(200);
    expect(await ask('/sign-in?who=alice')).toBe(401);
    expect(await ask('/sign-in?who=alice&password=right')).toBe(429);
  });

  test.each(['GET', 'HEAD'])('[TH-45] counts a %s request whose stream is cut before the answer', async (method) => {
    const cut = session.request({ ':method': method, ':path': `/sign-in?who=${method}&wait=1&password=right` });
    while (held.length === 0) await new Promise(setImmediate);
    cut.close(constants.NGHTTP2_CANCEL);
    await Promise.all(closed);
    held.pop()?.();
    await new Promise(setImmediate);
    expect(await ask(`/sign-in?who=${method}&password=right`)).toBe(429);
  });
});
