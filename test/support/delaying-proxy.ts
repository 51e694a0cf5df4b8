import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** How long an answer is held back, in milliseconds; asked for each piece of an answer. */
export type Delay = () => number;

interface Passage {
  readonly client: Socket;
  readonly server: Socket;
  /** The next piece is held back for so long. */
  nextMilliseconds: number;
  /** What is held back, in order, and when it may go. */
  readonly held: { readonly at: number; readonly data: Buffer }[];
}

/**
 * A TCP proxy between a client and a server that holds answers back, as a network or a busy server does: each piece
 * arrives whole and in order, only later. It can fall silent and go on, and cut connections.
 */
export class DelayingProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #targetHost: string;
  readonly #passages = new Set<Passage>();
  #delay: Delay = () => 0;
  #frozen = false;

  private constructor(server: Server, targetPort: number, targetHost: string) {
    this.#server = server;
    this.#targetPort = targetPort;
    this.#targetHost = targetHost;
    server.on('connection', (client) => this.#pass(client));
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(targetPort: number, targetHost = '127.0.0.1'): Promise<DelayingProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new DelayingProxy(server, targetPort, targetHost);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Holds every answer back from now on: by a number of milliseconds, or by what a function says for each piece. */
  delay(delay: number | Delay): void {
    this.#delay = typeof delay === 'number' ? () => delay : delay;
  }

  /** Holds the next answer on each connection back, and with it what comes after it in that time. */
  delayNext(milliseconds: number): void {
    for (const passage of this.#passages) passage.nextMilliseconds = milliseconds;
  }

  /** Keeps connections open and lets nothing pass, in either direction. */
  freeze(): void {
    this.#frozen = true;
    for (const { client, server } of this.#passages) for (const socket of [client, server]) socket.pause();
  }

  /** Goes on, with what was sent meanwhile. */
  thaw(): void {
    this.#frozen = false;
    for (const { client, server } of this.#passages) for (const socket of [client, server]) socket.resume();
  }

  /** Cuts the connections that are open; new ones are welcome. */
  cut(): void {
    for (const { client, server } of this.#passages) for (const socket of [client, server]) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const { client, server } of this.#passages) for (const socket of [client, server]) socket.destroy();
    await once(this.#server, 'close');
  }

  #pass(client: Socket): void {
    const server = connect(this.#targetPort, this.#targetHost);
    const passage: Passage = { client, server, nextMilliseconds: 0, held: [] };
    this.#passages.add(passage);
    for (const socket of [client, server]) socket.setNoDelay(true);
    client.on('data', (data) => server.write(data));
    server.on('data', (data) => this.#answer(passage, data));
    for (const socket of [client, server]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        server.destroy();
        this.#passages.delete(passage);
      });
      if (this.#frozen) socket.pause();
    }
  }

  #answer(passage: Passage, data: Buffer): void {
    const { held } = passage;
    const milliseconds = this.#delay() + passage.nextMilliseconds;
    passage.nextMilliseconds = 0;
    if (milliseconds <= 0 && held.length === 0) {
      passage.client.write(data);
      return;
    }
    held.push({ at: Math.max(held.at(-1)?.at ?? 0, now() + milliseconds), data });
    if (held.length === 1) this.#passOnLater(passage);
  }

  /** One timer at a time, so that no piece overtakes another. */
  #passOnLater(passage: Passage): void {
    const { client, held } = passage;
    const [first] = held;
    if (first === undefined) return;
    setTimeout(() => {
      while (held[0] !== undefined && held[0].at <= now() + 0.5) client.write((held.shift() as { data: Buffer }).data);
      this.#passOnLater(passage);
    }, first.at - now());
  }
}

function now(): number {
  return performance.now();
}
