import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Koa, { type Context, type Next } from 'koa';
import { Body, JsonController, Middleware, Post, useKoaServer } from 'routing-controllers';
import { type OAuth2, Public } from '../../../src/public/index.js';
import { type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

@JsonController('/body')
class Reading {
  @Public()
  @Post('/')
  post(@Body() body: object) {
    return { body };
  }
}

interface SeenError {
  readonly by: string;
  readonly name: string;
  readonly status: unknown;
  readonly type: unknown;
}

const seen: SeenError[] = [];
const told: SeenError[] = [];

function noteOf(by: string, error: unknown): SeenError {
  const { name, status, type } = error as Error & { status?: unknown; type?: unknown };
  return { by, name, status, type };
}

/** Middleware of the host, before the controllers. */
async function hostMiddleware(context: Context, next: Next) {
  try {
    await next();
  } catch (error) {
    seen.push(noteOf('middleware', error));
    context.status = (error as { status?: number }).status ?? 500;
    context.body = { byHost: true };
  }
}

/** The same as a middleware of routing-controllers, which stands behind the body parser in routing-controllers' own entry. */
@Middleware({ type: 'before' })
class Global {
  async use(context: Context, next: Next): Promise<void> {
    try {
      await next();
    } catch (error) {
      seen.push(noteOf('global', error));
      context.status = (error as { status?: number }).status ?? 500;
      context.body = { byGlobal: true };
    }
  }
}

/** What runs behind the controllers is never asked about an error of theirs. */
@Middleware({ type: 'after' })
class After {
  use(_context: Context, next: Next): Promise<unknown> {
    seen.push({ by: 'after', name: '', status: 0, type: undefined });
    return next();
  }
}

/** With none, routing-controllers would take all that are declared. */
@Middleware({ type: 'before' })
class Idle {
  use(_context: Context, next: Next): Promise<unknown> {
    return next();
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };
const large = `{"x":"${'x'.repeat(1_100_000)}"}`;

const BODIES: readonly [string, { headers: Record<string, string>; body: string | Uint8Array; status: number }][] = [
  ['malformed JSON', { headers: JSON_TYPE, body: '{"x":', status: 400 }],
  ['JSON that is no object', { headers: JSON_TYPE, body: '"x"', status: 400 }],
  ['more than is allowed', { headers: JSON_TYPE, body: large, status: 413 }],
  [
    'more than is allowed, once it is decompressed',
    { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: gzipSync(large), status: 413 },
  ],
  ['an encoding that is not known', { headers: { ...JSON_TYPE, 'content-encoding': 'x' }, body: '{}', status: 415 }],
];

const KINDS = [
  'theirs',
  'ours',
  'ours, default handler',
  'theirs, uncaught',
  'ours, uncaught',
  'ours, global',
] as const;
type Kind = (typeof KINDS)[number];

describe('errors of body parsing reach the error handling of the application', () => {
  let oauth2: OAuth2;
  const served = new Map<Kind, Served>();

  beforeAll(async () => {
    ({ oauth2 } = await testOAuth2());
    for (const kind of KINDS) {
      const koa = new Koa();
      koa.silent = true;
      koa.on('error', (error) => told.push(noteOf('application', error)));
      if (!/uncaught|global/.test(kind)) koa.use(hostMiddleware);
      const middlewares = kind.endsWith('global') ? [Global, After] : [Idle];
      const options = { controllers: [Reading], middlewares, defaultErrorHandler: kind.endsWith('default handler') };
      if (kind.startsWith('ours')) oauth2.useKoaServer(koa, options);
      else useKoaServer(koa, { ...options, ...oauth2.routingControllers() });
      served.set(kind, await serve(koa));
    }
  });
  beforeEach(() => {
    seen.length = 0;
    told.length = 0;
  });
  afterAll(async () => {
    for (const one of served.values()) await one.close();
    await oauth2.close();
  });

  async function post(kind: Kind, { headers, body }: { headers: Record<string, string>; body: string | Uint8Array }) {
    seen.length = 0;
    told.length = 0;
    const init = { method: 'POST', headers, body: body as RequestInit['body'] };
    const reply = await (served.get(kind) as Served).get('/body', init);
    return { status: reply.status, text: await reply.text(), type: reply.headers.get('content-type') };
  }

  test.each(BODIES)('%s: middleware of the host sees and answers it, as in their entry', async (_name, request) => {
    const theirs = await post('theirs', request);
    const [seenTheirs] = seen;
    const ours = await post('ours', request);
    expect(ours).toEqual(theirs);
    expect([ours.status, seen]).toEqual([request.status, [seenTheirs]]);
  });

  test.each(BODIES)('%s: so does a global middleware of routing-controllers', async (_name, request) => {
    expect(await post('ours, global', request)).toMatchObject({ status: request.status, text: '{"byGlobal":true}' });
    expect(seen).toMatchObject([{ by: 'global', status: request.status }]);
  });

  test.each(BODIES)(
    '%s: what nobody catches has the status of their entry, in JSON, and is told to the application',
    async (_name, request) => {
      const theirs = await post('theirs, uncaught', request);
      const [toldTheirs] = told;
      const ours = await post('ours, uncaught', request);
      expect([ours.status, ours.type]).toEqual([theirs.status, 'application/json; charset=utf-8']);
      expect(JSON.parse(ours.text)).toMatchObject({ error: 'invalid_request' });
      expect(told).toEqual([toldTheirs]);
    },
  );

  test.each(BODIES)('%s: the default error handler answers it in JSON, unseen by others', async (_name, request) => {
    const ours = await post('ours, default handler', request);
    expect([ours.status, JSON.parse(ours.text)]).toMatchObject([request.status, { error: 'invalid_request' }]);
    expect([seen, told]).toEqual([[], []]);
  });

  test('a body that is not what Content-Encoding says has a status that the host can answer by: 400', async () => {
    const request = { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: '{}' };
    expect((await post('theirs', request)).status).toBe(500);
    expect((await post('ours', request)).status).toBe(400);
    expect(seen).toMatchObject([{ by: 'middleware', status: 400 }]);
  });

  test.each(['theirs', 'ours'] as const)('a body that breaks off, in %s, comes to the host', async (kind) => {
    const { port, hostname } = new URL((served.get(kind) as Served).url);
    const socket = connect(Number(port), hostname);
    const head = ['POST /body HTTP/1.1', 'Host: x', 'Content-Type: application/json', 'Content-Length: 100'];
    socket.write(`${head.join('\r\n')}\r\n\r\n{"x":`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    for (let tries = 0; seen.length === 0 && tries < 200; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(seen).toEqual([{ by: 'middleware', name: 'BadRequestError', status: 400, type: 'request.aborted' }]);
  });

  test('a body that can be read is read', async () => {
    for (const kind of KINDS) {
      const reply = await post(kind, { headers: JSON_TYPE, body: '{"x":1}' });
      expect([reply.status, reply.text]).toEqual([200, '{"body":{"x":1}}']);
    }
  });
});
