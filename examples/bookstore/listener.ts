import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How long requests in flight may take to finish, once the server is to stop. */
const PATIENCE_MILLISECONDS = 10_000;

/** An HTTP server that stops without cutting off a request. */
export class Listener {
  private readonly server: Server;
  private readonly connections = new Set<Socket>();
  private readonly inFlight = new Set<ServerResponse>();
  private stopping = false;
  /** Answers requests. Those that come before `serve` wait for it. */
  serve!: (handle: RequestListener) => void;

  constructor() {
    const serving = new Promise<RequestListener>((resolve) => {
      this.serve = resolve;
    });
    this.server = createServer((request, response) => {
      this.track(response);
      void serving.then((handle) => handle(request, response));
    });
    this.server.on('connection', (connection: Socket) => {
      this.connections.add(connection);
      connection.once('close', () => this.connections.delete(connection));
    });
  }

  /**
   * @param host `undefined` for every address of this machine
   * @returns the URL under which this machine reaches it
   */
  async listen(port: number, host: string | undefined): Promise<string> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
    const { address, family, port: chosen } = this.server.address() as AddressInfo;
    if (address === '::' || address === '0.0.0.0') return `http://127.0.0.1:${chosen}`;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${chosen}`;
  }

  /** Accepts nothing new, and resolves when the requests in flight are answered. */
  async stop(): Promise<void> {
    this.stopping = true;
    const closed = once(this.server, 'close');
    this.server.close();
    const busy = new Set([...this.inFlight].map(({ socket }) => socket));
    // To Node.js a connection that has not sent its first request is not idle.
    for (const connection of this.connections) if (!busy.has(connection)) connection.destroy();
    for (const response of this.inFlight) sayGoodbye(response);
    const impatience = setTimeout(() => this.server.closeAllConnections(), PATIENCE_MILLISECONDS);
    await closed;
    clearTimeout(impatience);
  }

  /** Ends at once, whatever is in flight. */
  abort(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private track(response: ServerResponse): void {
    this.inFlight.add(response);
    if (this.stopping) sayGoodbye(response);
    response.once('close', () => {
      this.inFlight.delete(response);
      // A connection that was told to stay open has nothing to stay for.
      if (this.stopping) this.server.closeIdleConnections();
    });
  }
}

/** The connection ends with this response, so that the client does not send another request on it. */
function sayGoodbye(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
