import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An application's side: a server of another origin, where answers arrive. */
export interface CallbackServer {
  readonly url: string;
  /** Redirects on to a third origin, as applications do whose pages are elsewhere. */
  readonly redirectingUrl: string;
  close(): Promise<void>;
}

/** Starts the two servers of an application: one that takes the answer, and one that it may send the browser on to. */
export async function startCallbackServer(): Promise<CallbackServer> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/redirecting') {
      const { port } = server.address() as AddressInfo;
      // Another host name is another origin.
      response.writeHead(303, { location: `http://localhost:${port}/arrived${url.search}` }).end();
      return;
    }
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><html lang="en"><title>Shop</title><h1>Welcome to the shop</h1></html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}/callback`,
    redirectingUrl: `${origin}/redirecting`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
