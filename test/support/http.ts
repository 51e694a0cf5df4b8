import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';

/**
 * How long servers of tests keep a connection that nobody uses: so long that no client, held up on a busy machine, sends a
 * request into one that just closed.
 */
export const KEEP_ALIVE_MILLISECONDS = 120_000;

/** A Koa application on a port of its own. */
export interface Served {
  readonly url: string;
  get(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** Serves an application on the loopback address until `close`. */
export async function serve(koa: Koa): Promise<Served> {
  const server: Server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, koa.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    get: (path, init) => fetch(`${url}${path}`, init),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A bearer token as a header field. */
export function bearerHeader(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}
