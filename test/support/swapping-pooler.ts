import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';

/** A connection to PostgreSQL that is lent to one client at a time. */
interface Backend {
  readonly client: pg.Client;
  readonly stream: Socket;
  borrower: Session | undefined;
}

/** A client, with what it has sent and nobody has worked on yet. */
interface Session {
  readonly socket: Socket;
  readonly waiting: Buffer[];
  backend: Backend | undefined;
}

const AUTHENTICATED = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** A pooler that lends a connection for one transaction, in turn, as PgBouncer does in transaction mode. */
export class SwappingPooler {
  private readonly backends: Backend[] = [];
  private readonly sessions = new Set<Session>();
  private readonly server: Server;
  private turn = 0;
  port = 0;

  constructor(
    private readonly databaseUrl: string,
    private readonly size: number,
  ) {
    this.server = createServer((socket) => this.welcome(socket));
  }

  /** The database behind it, as the package's `database` option takes it. */
  get url(): string {
    const url = new URL(this.databaseUrl);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  async start(): Promise<void> {
    for (let count = 0; count < this.size; count += 1) {
      const client = new pg.Client({ connectionString: this.databaseUrl });
      client.on('error', () => {});
      await client.connect();
      const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
      // From here on the driver hears nothing of it: what comes is for whoever has borrowed the connection.
      stream.removeAllListeners('data');
      const backend: Backend = { client, stream, borrower: undefined };
      const answers = new Messages((message) => this.answered(backend, message));
      stream.on('data', (data: Buffer) => answers.push(data));
      this.backends.push(backend);
    }
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server.close();
    for (const { socket } of this.sessions) socket.destroy();
    for (const { stream } of this.backends) stream.destroy();
  }

  private welcome(socket: Socket): void {
    const session: Session = { socket, waiting: [], backend: undefined };
    this.sessions.add(session);
    let greeted = false;
    const requests = new Messages((message) => {
      session.waiting.push(message);
      this.lend();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sessions.delete(session));
    socket.on('data', (data: Buffer) => {
      if (greeted) return requests.push(data);
      // The driver sends nothing but its start-up message until it is answered.
      greeted = true;
      socket.write(Buffer.concat([AUTHENTICATED, READY]));
    });
  }

  private lend(): void {
    for (const session of this.sessions) {
      if (session.waiting.length === 0) continue;
      session.backend ??= this.free(session);
      if (session.backend === undefined) return;
      for (const message of session.waiting.splice(0)) {
        // A farewell is the client's own; the connection stays.
        if (message[0] !== 0x58) session.backend.stream.write(message);
        else this.release(session.backend);
      }
    }
  }

  private free(session: Session): Backend | undefined {
    for (let tried = 0; tried < this.backends.length; tried += 1) {
      this.turn = (this.turn + 1) % this.backends.length;
      const backend = this.backends[this.turn] as Backend;
      if (backend.borrower !== undefined) continue;
      backend.borrower = session;
      return backend;
    }
    return undefined;
  }

  private answered(backend: Backend, message: Buffer): void {
    const { borrower } = backend;
    borrower?.socket.write(message);
    if (message[0] !== 0x5a || message[5] !== 0x49 || borrower === undefined) return;
    this.release(backend);
    this.lend();
  }

  private release(backend: Backend): void {
    if (backend.borrower !== undefined) backend.borrower.backend = undefined;
    backend.borrower = undefined;
  }
}

/** Cuts a stream of PostgreSQL's protocol into messages: a type, a length, a body. */
class Messages {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly each: (message: Buffer) => void) {}

  push(data: Buffer): void {
    this.rest = Buffer.concat([this.rest, data]);
    while (this.rest.length >= 5) {
      const length = 1 + this.rest.readUInt32BE(1);
      if (this.rest.length < length) return;
      const message = this.rest.subarray(0, length);
      this.rest = this.rest.subarray(length);
      this.each(message);
    }
  }
}
