import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';
import type { Middleware } from 'koa';
import { KEEP_ALIVE_MILLISECONDS } from '../http.js';

/** Middleware of a host, with which answers are left to Koa. */
export const passOn: Middleware = (_context, next) => next();

/** All that a client sees of an answer, but its date. */
export interface Answer {
  readonly status: string;
  readonly fields: readonly string[];
  readonly body: string;
}

/** Serves an application to a client with one connection. */
export async function listen(koa: Koa) {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, koa.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (method: string, path: string, headers: Record<string, string | string[]>, body = '') =>
    new Promise<Answer>((resolve, reject) => {
      const sent = request({ agent, port, host: '127.0.0.1', method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const { statusCode, statusMessage, rawHeaders } = response;
          const date = rawHeaders.indexOf('Date');
          const fields = rawHeaders.filter((_, index) => index !== date + 1 || date === -1);
          resolve({ status: `${statusCode} ${statusMessage}`, fields, body: Buffer.concat(chunks).toString('utf8') });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const close = async () => {
    agent.destroy();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { ask, close };
}
export type Listening = Awaited<ReturnType<typeof listen>>;
