import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Passage {
  readonly client: Socket;
  readonly server: Socket;
  /** Whether this connection has subscribed. */
  subscribes: boolean;
  silenced: boolean;
}

/** A TCP proxy that can fall silent: connections stay open, and what is sent on them disappears. */
export class SilencingProxy {
  readonly #server: Server;
  readonly #passages = new Set<Passage>();
  /** Whether new connections fall silent too. */
  #silenceNew = false;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    server.on('connection', (client) => this.#pass(client, targetPort));
  }

  static async start(targetPort: number): Promise<SilencingProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SilencingProxy(server, targetPort);
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Silences the connections that have subscribed; new ones pass. */
  silenceSubscribers(): void {
    for (const passage of this.#passages) if (passage.subscribes) passage.silenced = true;
  }

  /** Silences every connection that is open, and with `andNew` every one that is opened. */
  silenceAll({ andNew = false } = {}): void {
    this.#silenceNew = andNew;
    for (const passage of this.#passages) passage.silenced = true;
  }

  /** Silences every connection that is opened from now on, and leaves those that are open alone. */
  silenceNew(): void {
    this.#silenceNew = true;
  }

  /** New connections pass again; those that fell silent remain so. */
  letNewPass(): void {
    this.#silenceNew = false;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const { client, server } of this.#passages) {
      client.destroy();
      server.destroy();
    }
  }

  #pass(client: Socket, targetPort: number): void {
    const server = connect(targetPort, '127.0.0.1');
    const passage: Passage = { client, server, subscribes: false, silenced: this.#silenceNew };
    this.#passages.add(passage);
    client.on('data', (data) => {
      if (/\r\nsubscribe\r\n/i.test(data.toString('latin1'))) passage.subscribes = true;
      if (!passage.silenced) server.write(data);
    });
    server.on('data', (data) => {
      if (!passage.silenced) client.write(data);
    });
    const end = (other: Socket) => () => {
      this.#passages.delete(passage);
      // A silenced connection tells the other side nothing, not even that it ended.
      if (!passage.silenced || other === server) other.destroy();
    };
    client.on('close', end(server)).on('error', () => {});
    server.on('close', end(client)).on('error', () => {});
  }
}
