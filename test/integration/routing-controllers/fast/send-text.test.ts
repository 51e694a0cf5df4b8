import { createServer, type IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { sendText } from '../../../../src/routing-controllers/fast/send-text.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../../support/http.js';

type Send = typeof sendText;
const ordinary: Send = (response, text, encoding) => void response.end(text, encoding);

/** What a client receives for some requests over one connection, and what the responses tell of themselves. */
async function exchanged(send: Send, text: string, requests: string, prepare?: (response: ServerResponse) => unknown) {
  const events: string[] = [];
  const encoding = Buffer.byteLength(text) === text.length ? 'latin1' : 'utf8';
  const answer: RequestListener = (_request, response) => {
    for (const event of ['prefinish', 'finish', 'close', 'error', 'drain']) {
      response.on(event, () => {
        const { writableEnded, writableFinished, headersSent, statusMessage } = response;
        events.push(`${event} ${writableEnded} ${writableFinished} ${headersSent} ${statusMessage}`);
      });
    }
    response.setHeader('Content-Length', String(Buffer.byteLength(text)));
    response.sendDate = false;
    prepare?.(response);
    send(response, text, encoding);
    events.push(`sent ${response.writableEnded} ${response.headersSent}`);
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    socket.write(requests);
    let received = '';
    const expected = Math.max(1, requests.split('HTTP/1.').length - 1);
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('end', () => resolve());
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        if (received.split('HTTP/1.1 ').length - 1 === expected && received.endsWith(ending(text))) resolve();
      });
    });
    while (events.filter((event) => event.startsWith('close')).length < expected) await pause(5);
    return { received, events };
  } finally {
    socket.destroy();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

const ending = (text: string) => Buffer.from(text).toString('latin1').slice(-20);

const get = (head = '') => `GET / HTTP/1.1\r\nHost: a\r\n${head}\r\n`;

test.each<[string, string, string]>([
  ['a short text', '{"a":1}', get()],
  ['a text that is not ASCII', '{"name":"Zoë 🙂"}', get()],
  ['a long text, for which the connection has no room at once', `"${'x'.repeat(3_000_000)}"`, get()],
  ['a long text that is not ASCII', `"${'ü'.repeat(1_000_000)}"`, get()],
  ['requests one after the other without waiting', '{"a":1}', get() + get() + get()],
  ['long answers to such requests', `"${'x'.repeat(500_000)}"`, get() + get()],
  ['a connection that ends then', '{"a":1}', get('Connection: close\r\n')],
  ['a client of HTTP/1.0', '{"a":1}', 'GET / HTTP/1.0\r\n\r\n'],
])('%s is received as from response.end, and the response tells the same of itself', async (_what, text, requests) => {
  const own = await exchanged(sendText, text, requests);
  expect(own.received).toContain('HTTP/1.1 200 OK');
  expect(own).toEqual(await exchanged(ordinary, text, requests));
});

test.each<[string, (response: ServerResponse, seen: unknown[]) => unknown]>([
  [
    'whose end is watched',
    (response, seen) => {
      const { end } = response;
      response.end = function watched(this: ServerResponse, ...sent: unknown[]) {
        seen.push(sent);
        return end.apply(this, sent as never);
      } as typeof end;
    },
  ],
  [
    'whose pieces are watched',
    (response, seen) => {
      response.write = () => {
        seen.push('a piece');
        return true;
      };
    },
  ],
  ['whose connection holds its pieces back', (response) => response.socket?.cork()],
])('a response %s gets the text with its end', async (_which, prepare) => {
  const seen: unknown[] = [];
  const { received } = await exchanged(sendText, '{"a":1}', get(), (response) => prepare(response, seen));
  expect(received).toMatch(/\r\n\r\n\{"a":1\}$/);
  expect(seen.every((sent) => JSON.stringify(sent) === '["{\\"a\\":1}","latin1"]')).toBe(true);
});

test('the head and the text are handed to the connection together, once', async () => {
  const writes: string[] = [];
  await exchanged(sendText, '{"a":1}', get(), ({ socket }) => {
    if (socket === null) return;
    const { _write: write, _writev: writev } = socket;
    socket._write = function noted(...piece) {
      writes.push(String(piece[0]));
      write.apply(this, piece);
    };
    socket._writev = function noted(...pieces) {
      writes.push('several');
      writev?.apply(this, pieces);
    };
  });
  expect(writes).toEqual([expect.stringMatching(/^HTTP\/1\.1 200 OK.*\{"a":1\}$/s)]);
});

test('a response without a connection is left as response.end leaves it', () => {
  const tried = (send: Send) => {
    const response = new ServerResponse({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1 } as IncomingMessage);
    response.setHeader('Content-Length', '7');
    send(response, '{"a":1}', 'latin1');
    return { ended: response.writableEnded, waiting: response.writableLength > 0 };
  };
  expect(tried(sendText)).toEqual({ ended: true, waiting: true });
  expect(tried(sendText)).toEqual(tried(ordinary));
});
