import { EventEmitter } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect as connect2, createServer as createServer2 } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import Koa, { type Context, type Middleware } from 'koa';
import { LeanApplication } from '../../../../src/routing-controllers/fast/lean-application.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../../support/http.js';

const WAYS: Record<string, Middleware> = {
  nothing: () => undefined,
  object: (context) => {
    context.body = { a: 1 };
  },
  text: (context) => {
    context.body = 'text';
  },
  bytes: (context) => {
    context.body = Buffer.from('bytes');
  },
  stream: (context) => {
    context.body = Readable.from(['a', 'b']);
  },
  'broken-stream': (context) => {
    context.body = new Readable({ read: (): never => failing('broken') });
  },
  null: (context) => {
    context.body = null;
  },
  status: (context) => {
    context.status = 418;
  },
  'no-content': (context) => {
    context.status = 204;
  },
  circular: (context) => {
    const body: Record<string, unknown> = {};
    body.self = body;
    context.body = body;
  },
  later: async (context) => {
    await pause(1);
    context.body = { later: true };
  },
  thrown: (): never => failing('thrown'),
  'thrown-with-status': (context) => context.throw(422, 'unprocessable', { headers: { 'X-Why': 'a' } }),
  'thrown-after-status': (context) => {
    context.status = 201;
    failing('late');
  },
  'thrown-after-head': (context) => {
    context.res.writeHead(200, { 'Content-Length': '2' });
    context.res.end('ab');
    failing('too late');
  },
  'no-error': () => {
    throw 'a text';
  },
  itself: (context) => {
    context.respond = false;
    context.res.statusCode = 200;
    context.res.end('itself');
  },
  'itself-later': (context) => {
    context.respond = false;
    setTimeout(() => {
      context.res.statusCode = 200;
      context.res.end('later');
    }, 5);
  },
  ended: (context) => {
    context.res.end('ended');
  },
  'cut-off': async (context) => {
    await pause(1);
    context.req.socket.destroy(new Error('cut off'));
    context.body = 'x';
  },
  'response-destroyed': (context) => {
    context.res.destroy(new Error('destroyed'));
    context.body = { a: 1 };
  },
  'request-destroyed': (context) => {
    context.req.destroy(new Error('destroyed'));
    context.body = { a: 1 };
  },
};

function failing(message: string): never {
  throw new Error(message);
}

interface Told {
  readonly message: string;
  readonly path: string;
  readonly status: number;
}

/** An application, and of which errors it was told. */
function application(koa: Koa, told: Told[]): Koa {
  koa.use((context, next) => WAYS[context.path.slice(1)]?.(context, next));
  koa.on('error', (error: Error & { code?: string }, context: Context) => {
    told.push({ message: error.code ?? error.message, path: context.path, status: context.status });
  });
  return koa;
}

async function listening(server: Server | ReturnType<typeof createServer2>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Runs with each of the two applications, and returns both outcomes with what each was told. */
async function both(run: (koa: Koa, open: () => Promise<Socket>) => Promise<unknown>) {
  const outcomes: unknown[] = [];
  for (const koa of [new LeanApplication(), new Koa()]) {
    const told: Told[] = [];
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, application(koa, told).callback());
    const port = await listening(server);
    const open = async () => {
      const socket = connect(port, '127.0.0.1');
      await new Promise((connected) => socket.once('connect', connected));
      return socket;
    };
    try {
      const outcome = await run(koa, open);
      // Errors of a connection arrive when they do.
      await pause(30);
      outcomes.push({ outcome, told });
    } finally {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  }
  return outcomes as [{ outcome: unknown; told: Told[] }, { outcome: unknown; told: Told[] }];
}

/** All that is received until the other side ends. */
async function conversation(socket: Socket, text: string): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const closed = new Promise((ended) => socket.once('close', ended));
  socket.write(text);
  await closed;
  return Buffer.concat(chunks)
    .toString('latin1')
    .replaceAll(/^Date: .*\r\n/gm, '');
}

const requestTo = (path: string, method = 'GET', fields = 'Connection: close\r\n') =>
  `${method} /${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

describe.each(Object.keys(WAYS))('an answer of the kind "%s"', (path) => {
  test.each(['GET', 'HEAD'])('to %s is the same as that of Koa, and so are the errors', async (method) => {
    const [lean, koa] = await both(async (_koa, open) => conversation(await open(), requestTo(path, method)));
    expect(lean).toEqual(koa);
  });
});

test('answers to requests that do not wait for each other are the same', async () => {
  const fields = '';
  const requests = ['itself-later', 'later', 'itself', 'object', 'stream'].map((path) =>
    requestTo(path, 'GET', fields),
  );
  const text = requests.join('') + requestTo('text');
  const [lean, koa] = await both(async (_koa, open) => conversation(await open(), text));
  expect(lean).toEqual(koa);
  expect(lean.outcome).toContain('itself');
});

describe('of an error of its connection', () => {
  /** The client resets the connection while an action is at work. */
  const reset = (earlier: string, finish: (context: Context) => unknown) =>
    both(async (_koa, open) => {
      const socket = await open();
      socket.on('error', () => undefined);
      const done = new Promise<void>((resolve) => {
        WAYS.waiting = async (context) => {
          const gone = new Promise((closed) => context.req.socket.once('close', closed));
          socket.resetAndDestroy();
          await gone;
          resolve();
          await finish(context);
        };
      });
      if (earlier !== '') {
        socket.write(requestTo(earlier, 'GET', ''));
        await new Promise((received) => socket.once('data', received));
      }
      socket.write(requestTo('waiting', 'GET', ''));
      await done;
    });

  test.each<[string, string, (context: Context) => unknown]>([
    ['an application is told once, with its context', '', () => undefined],
    ['the same after an earlier answer that was sent directly', 'itself', () => undefined],
    ['the same after an earlier answer that Koa has sent', 'object', () => undefined],
    ['the same where the answer comes too late', '', (context) => Object.assign(context, { body: { a: 1 } })],
    ['the same where the answer would be sent directly', '', (context) => Object.assign(context, { respond: false })],
    ['the same where the action fails afterwards', '', (): never => failing('afterwards')],
  ])('%s', async (_what, earlier, finish) => {
    const [lean, koa] = await reset(earlier, finish);
    expect(lean).toEqual(koa);
    expect(lean.told).toContainEqual({ message: 'ECONNRESET', path: '/waiting', status: 404 });
  });

  test('the same where a response that its action has ended is not read to its end', async () => {
    WAYS.unread = (context) => {
      context.res.statusCode = 200;
      context.res.end('x'.repeat(20_000_000));
    };
    const [lean, koa] = await both(async (_koa, open) => {
      const socket = await open();
      socket.on('error', () => undefined);
      socket.write(requestTo('unread', 'GET', ''));
      await new Promise((received) => socket.once('data', received));
      socket.pause();
      await pause(50);
      socket.resetAndDestroy();
    });
    expect(lean).toEqual(koa);
    expect(lean.told).toMatchObject([{ message: 'ECONNRESET', path: '/unread' }]);
  });

  test('an application that contains another is told too', async () => {
    for (const Outer of [LeanApplication, Koa]) {
      for (const Inner of [LeanApplication, Koa]) {
        const told: string[] = [];
        const inner = new Inner().on('error', () => told.push('inner')).use(() => new Promise(() => undefined));
        const outer = new Outer()
          .on('error', () => told.push('outer'))
          .use((context) => {
            context.respond = false;
            void inner.callback()(context.req, context.res);
            client.resetAndDestroy();
            return new Promise((gone) => context.req.socket.once('close', gone));
          });
        const server = createServer(outer.callback());
        const client = connect(await listening(server), '127.0.0.1').on('error', () => undefined);
        try {
          client.write(requestTo(''));
          while (told.length < 2) await pause(5);
          await pause(20);
          expect(told.toSorted()).toEqual(['inner', 'outer']);
        } finally {
          server.closeAllConnections();
          await new Promise((closed) => server.close(closed));
        }
      }
    }
  });

  test('between two requests nobody is told', async () => {
    const [lean, koa] = await both(async (_koa, open) => {
      const socket = await open();
      socket.on('error', () => undefined);
      for (const path of ['itself', 'object', 'itself']) {
        socket.write(requestTo(path, 'GET', ''));
        await new Promise((received) => socket.once('data', received));
      }
      socket.resetAndDestroy();
    });
    expect(lean).toEqual(koa);
    expect(lean.told).toEqual([]);
  });
});

test('a connection has one listener, however many requests it carries, and a response none', async () => {
  const counts: number[][] = [];
  const koa = new LeanApplication();
  koa.use((context) => {
    const { res, req } = context;
    counts.push([req.socket.listenerCount('error'), res.listenerCount('finish')]);
    context.respond = false;
    res.statusCode = 200;
    res.end('ok');
  });
  const handle = koa.callback();
  const ofNode: number[][] = [];
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, (req, res) => {
    ofNode.push([req.socket.listenerCount('error'), res.listenerCount('finish')]);
    handle(req, res);
  });
  const port = await listening(server);
  try {
    const socket = connect(port, '127.0.0.1');
    for (let round = 0; round < 5; round += 1) {
      socket.write(requestTo('', 'GET', ''));
      await new Promise((received) => socket.once('data', received));
    }
    socket.destroy();
    const [[ofSocket = 0, ofResponse = 0] = []] = ofNode;
    expect(counts).toEqual(Array.from({ length: 5 }, () => [ofSocket + 1, ofResponse]));
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

test('a tool that replaces the handling of Koa sees every request', async () => {
  type Handle = (this: Koa, context: Context, run: unknown) => Promise<unknown>;
  const prototype = Koa.prototype as unknown as { handleRequest: Handle };
  const { handleRequest } = prototype;
  const seen: string[] = [];
  prototype.handleRequest = function watched(context, run) {
    seen.push(context.path);
    return handleRequest.call(this, context, run);
  };
  try {
    const [lean, koa] = await both(async (_koa, open) => conversation(await open(), requestTo('itself')));
    expect(lean).toEqual(koa);
    expect(seen).toEqual(['/itself', '/itself']);
    expect(LeanApplication.handlesPlainly(new LeanApplication())).toBe(false);
  } finally {
    prototype.handleRequest = handleRequest;
  }
  expect(LeanApplication.handlesPlainly(new LeanApplication())).toBe(true);
});

test('a response without a connection, as a test may make it, is handled by Koa', async () => {
  const sent: unknown[] = [];
  const response = Object.assign(new EventEmitter(), {
    ...{ statusCode: 200, headersSent: false, writableEnded: false, finished: false, writable: true },
    ...{
      setHeader: () => undefined,
      getHeader: () => undefined,
      hasHeader: () => false,
      removeHeader: () => undefined,
    },
    end: (body: unknown) => sent.push(body),
  });
  const request = Object.assign(new EventEmitter(), {
    ...{ method: 'GET', url: '/text', headers: {}, httpVersionMajor: 1, socket: {} },
  });
  await application(new LeanApplication(), []).callback()(request as never, response as never);
  expect({ sent, status: response.statusCode }).toEqual({ sent: ['text'], status: 200 });
});

test('a request of HTTP/2 is handled by Koa', async () => {
  const told: Told[] = [];
  const server = createServer2(application(new LeanApplication(), told).callback());
  const port = await listening(server);
  const session = connect2(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({ ':path': '/object' });
    const status = new Promise((resolve) => stream.once('response', (fields) => resolve(fields[':status'])));
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    expect({ status: await status, body, told }).toEqual({ status: 200, body: '{"a":1}', told: [] });
  } finally {
    session.close();
    await new Promise((closed) => server.close(closed));
  }
});
