import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Serves on a free port of the loopback. Neither the server nor its connections keep the process alive: requests in
 * progress do, at the side of whoever waits for them.
 */
export class TestServer {
  private constructor(
    private readonly server: Server,
    /** E.g. `http://127.0.0.1:49152`. */
    readonly url: string,
  ) {}

  /** Listens; requests are handled once `serve` was called. */
  static async start(): Promise<TestServer> {
    // The client ends idle connections: one that the server ends may be used again just then, by a test on a busy machine.
    const server = createServer({ keepAliveTimeout: 0 });
    server.on('connection', (connection) => connection.unref());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.unref();
    return new TestServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  serve(handle: RequestListener): void {
    this.server.on('request', handle);
  }

  /** Stops listening and cuts the connections. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}
