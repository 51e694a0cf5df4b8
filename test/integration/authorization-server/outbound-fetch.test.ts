import { execFile } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { hostAddresses } from '../../../src/authorization-server/clients/host-addresses.js';
import {
  MAXIMUM_KEY_SET_BYTES,
  type OutboundNetwork,
  outboundFetch,
} from '../../../src/authorization-server/clients/outbound-fetch.js';
import { isPublicAddress } from '../../../src/core/addresses/index.js';

const CERTIFIED = 'keys.example.com';
let folder: string;
let certificate: string;
let key: string;
const servers: Server[] = [];
const sockets = new Set<Socket>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbound-'));
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  const names = ['-subj', `/CN=${CERTIFIED}`, '-addext', `subjectAltName=DNS:${CERTIFIED}`];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...names, ...files]);
  certificate = await readFile(join(folder, 'cert.pem'), 'utf8');
  key = await readFile(join(folder, 'key.pem'), 'utf8');
}, 60_000);

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

afterAll(() => rm(folder, { recursive: true }));

async function listen<One extends Server>(server: One): Promise<{ readonly port: number; connections: number }> {
  const seen = { port: 0, connections: 0 };
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    seen.connections += 1;
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  seen.port = (server.address() as AddressInfo).port;
  return seen;
}

const serving = (status: number, headers: Record<string, string>, body: string) =>
  listen(
    createHttpsServer({ cert: certificate, key }, (_request, response) => {
      response.writeHead(status, headers).end(body);
    }) as unknown as Server,
  );

/** A deadline that passes when the test says so. */
function manualDeadline() {
  let pass = () => {};
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  return { passed, pass, cancelled: false, cancel() {} };
}

/** Fetches with this machine allowed, until the test lets the deadline pass. */
function fetching(url: string, parts: Partial<OutboundNetwork> = {}) {
  const deadline = manualDeadline();
  const seen = { settled: false };
  const promise = outboundFetch({
    resolve: async () => ['127.0.0.1'],
    isAllowed: () => true,
    deadline: () => deadline,
    ca: certificate,
    maximumBytes: MAXIMUM_KEY_SET_BYTES,
    ...parts,
  })(url).then(
    (response) => {
      seen.settled = true;
      return response;
    },
    (error: unknown) => {
      seen.settled = true;
      return error as Error;
    },
  );
  return { promise, deadline, seen };
}

/** Long enough that a connection to this machine was refused, or answered, and that was handled. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 300));

describe('a document that an application names', () => {
  test('[AS-44] is read at once where it is one', async () => {
    const { port } = await serving(200, { 'cache-control': 'max-age=60', 'x-other': '1' }, '{"keys":[]}');
    const response = await fetching(`https://${CERTIFIED}:${port}/jwks`).promise;
    if (!(response instanceof Response)) throw response;
    expect([response.status, await response.text()]).toEqual([200, '{"keys":[]}']);
    expect([...response.headers.keys()]).toEqual(['cache-control', 'content-type']);
  });

  const CASES: readonly (readonly [string, () => Promise<string>, Partial<OutboundNetwork>?])[] = [
    ['a closed port', async () => `https://${CERTIFIED}:1/`],
    ['a silent port', async () => `https://${CERTIFIED}:${(await listen(createServer())).port}/`],
    [
      'a port that answers in another protocol',
      async () =>
        `https://${CERTIFIED}:${(await listen(createServer((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n{}')))).port}/`,
    ],
    [
      'a port that hangs up',
      async () => `https://${CERTIFIED}:${(await listen(createServer((socket) => void socket.destroy()))).port}/`,
    ],
    [
      'another certificate',
      async () => `https://${CERTIFIED}:${(await serving(200, {}, '{}')).port}/`,
      { ca: undefined },
    ],
    ['a certificate of another name', async () => `https://other.example.com:${(await serving(200, {}, '{}')).port}/`],
    [
      'a redirect',
      async () => `https://${CERTIFIED}:${(await serving(302, { location: 'https://10.0.0.1/' }, '{}')).port}/`,
    ],
    ['not found', async () => `https://${CERTIFIED}:${(await serving(404, {}, '{}')).port}/`],
    ['no JSON', async () => `https://${CERTIFIED}:${(await serving(200, {}, '<html>')).port}/`],
    [
      'too much',
      async () =>
        `https://${CERTIFIED}:${(await serving(200, {}, JSON.stringify('x'.repeat(MAXIMUM_KEY_SET_BYTES)))).port}/`,
    ],
    ['an unknown name', async () => `https://${CERTIFIED}/`, { resolve: () => Promise.reject(new Error('ENOTFOUND')) }],
    ['a name without address', async () => `https://${CERTIFIED}/`, { resolve: async () => [] }],
    [
      'a private address',
      async () => `https://${CERTIFIED}:${(await serving(200, {}, '{}')).port}/`,
      { isAllowed: isPublicAddress },
    ],
    ['http', async () => `http://${CERTIFIED}/`],
    ['no URL', async () => 'nonsense'],
  ];

  test.each(CASES.map(([name, make, parts = {}]) => ({ name, make, parts })))(
    '[AS-44] $name is told after the deadline and not before, by one and the same error',
    async ({ make, parts }) => {
      const { promise, deadline, seen } = fetching(await make(), parts);
      await aWhile();
      expect(seen.settled).toBe(false);
      deadline.pass();
      const error = await promise;
      expect(error).toBeInstanceOf(TypeError);
      expect([(error as Error).message, (error as Error).cause]).toEqual([
        'The document could not be fetched.',
        undefined,
      ]);
    },
  );

  test.each([
    '127.0.0.1',
    'localhost',
    '127.1',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0.0.0.0',
    '[::]',
  ])('[AS-44] nothing is connected to at %s', async (host) => {
    const listening = await serving(200, {}, '{}');
    const { promise, deadline } = fetching(`https://${host}:${listening.port}/`, { isAllowed: isPublicAddress });
    await aWhile();
    deadline.pass();
    expect(await promise).toBeInstanceOf(TypeError);
    expect(listening.connections).toBe(0);
  });

  test('[AS-44] a name that means a private address among public ones is not connected to', async () => {
    const listening = await serving(200, {}, '{}');
    const { promise, deadline } = fetching(`https://${CERTIFIED}:${listening.port}/`, {
      resolve: async () => ['8.8.8.8', '127.0.0.1'],
      isAllowed: isPublicAddress,
    });
    deadline.pass();
    expect(await promise).toBeInstanceOf(TypeError);
    expect(listening.connections).toBe(0);
  });

  test('[AS-44] a name is resolved once, and what was judged is what is connected to', async () => {
    const { port } = await serving(200, {}, '{}');
    let asked = 0;
    const response = await fetching(`https://${CERTIFIED}:${port}/`, {
      resolve: async () => {
        asked += 1;
        return asked === 1 ? ['127.0.0.1'] : ['192.0.2.1'];
      },
    }).promise;
    expect([(response as Response).status, asked]).toEqual([200, 1]);
  });

  test('[AS-44] what is slow beyond the deadline is given up', async () => {
    const slow = createHttpsServer({ cert: certificate, key }, (_request, response) => {
      response.writeHead(200).write('{"keys":');
    });
    const { port } = await listen(slow as unknown as Server);
    const { promise, deadline } = fetching(`https://${CERTIFIED}:${port}/`);
    await aWhile();
    deadline.pass();
    expect(await promise).toBeInstanceOf(TypeError);
  });
});

test('[AS-44 AS-67] name servers that do not answer keep nothing else waiting: they occupy no thread', async () => {
  const silent = createSocket('udp4');
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
  try {
    const server = `127.0.0.1:${silent.address().port}`;
    let answered = 0;
    // More than there are threads.
    const pending = Array.from({ length: 16 }, async (_, index) => {
      const addresses = await hostAddresses(`host${index}.example.com`, [server]);
      answered += 1;
      return addresses;
    });
    await promisify(pbkdf2)('password', 'salt', 1, 32, 'sha256');
    expect(answered).toBe(0);
    expect(await Promise.all(pending)).toEqual(pending.map(() => []));
  } finally {
    silent.close();
  }
}, 20_000);
