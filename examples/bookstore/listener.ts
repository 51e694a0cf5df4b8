import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How long requests in progress may take to finish when the server stops. */
const PATIENCE_MILLISECONDS = 10_000;

/** An HTTP server that stops without cutting off a request. */
export class Listener {
  private readonly server: Server;
  private readonly connections = new Set<Socket>();
  private readonly inFlight = new Set<ServerResponse>();
  private stopping = false;
  /** Handles requests. Requests that arrive before `serve` is called wait for it. */
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
   * @param host `::` or `0.0.0.0` for every address of this machine
   * @returns the URL under which this machine reaches the server
   */
  async listen(port: number, host: string): Promise<string> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
    const { address, family, port: chosen } = this.server.address() as AddressInfo;
    if (address === '::' || address === '0.0.0.0') return `http://127.0.0.1:${chosen}`;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${chosen}`;
  }

  /** Accepts no more connections, and resolves when the requests in progress are answered. */
  async stop(): Promise<void> {
    this.stopping = true;
    const closed = once(this.server, 'close');
    this.server.close();
    const busy = new Set([...this.inFlight].map(({ socket }) => socket));
    // Node.js does not consider a connection idle before its first request.
    for (const connection of this.connections) if (!busy.has(connection)) connection.destroy();
    for (const response of this.inFlight) sayGoodbye(response);
    const impatience = setTimeout(() => this.server.closeAllConnections(), PATIENCE_MILLISECONDS);
    await closed;
    clearTimeout(impatience);
  }

  /** Stops immediately, aborting requests in progress. */
  abort(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private track(response: ServerResponse): void {
    this.inFlight.add(response);
    if (this.stopping) sayGoodbye(response);
    response.once('close', () => {
      this.inFlight.delete(response);
      // A keep-alive connection need not stay open any longer.
      if (this.stopping) this.server.closeIdleConnections();
    });
  }
}

/** Ends the connection with this response, so that the client sends no other request on it. */
function sayGoodbye(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
