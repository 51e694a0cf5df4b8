import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A Sentinel that answers when it is told to, so that a test can choose what comes first. */
export class ScriptedSentinel {
  readonly #server: Server;
  readonly #masterPort: number;
  readonly #sockets = new Set<Socket>();
  readonly #listeners = new Set<Socket>();
  readonly #waiting: (() => void)[] = [];
  #holds = false;

  private constructor(masterPort: number) {
    this.#masterPort = masterPort;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(masterPort: number): Promise<ScriptedSentinel> {
    const sentinel = new ScriptedSentinel(masterPort);
    await new Promise<void>((resolve) => sentinel.#server.listen(0, '127.0.0.1', resolve));
    return sentinel;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many clients want to hear of a new master. */
  get listening(): number {
    return this.#listeners.size;
  }

  /** How many ask for the master and have no answer. */
  get asking(): number {
    return this.#waiting.length;
  }

  /** From now on nobody is told who the master is. */
  hold(): void {
    this.#holds = true;
  }

  /** Tells everybody who asks. */
  let(): void {
    this.#holds = false;
    for (const answer of this.#waiting.splice(0)) answer();
  }

  /** Says that there is a new master. */
  switchMaster(): void {
    const parts = ['message', '+switch-master', `main 127.0.0.1 1 127.0.0.1 ${this.#masterPort}`];
    for (const socket of this.#listeners) socket.write(push(parts.map(bulk)));
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#listeners.delete(socket);
    });
    // A client sends each of its few commands as a whole.
    socket.on('data', (data) => {
      for (const command of String(data).split(/(?=\*\d+\r\n\$)/)) this.#answer(socket, command.toLowerCase());
    });
  }

  #answer(socket: Socket, command: string): void {
    if (command.includes('get-master-addr-by-name')) {
      const answer = () => socket.write(bulks(['127.0.0.1', String(this.#masterPort)]));
      if (this.#holds) this.#waiting.push(answer);
      else answer();
    } else if (command.includes('sentinels')) {
      socket.write('*0\r\n');
    } else if (command.includes('subscribe')) {
      this.#listeners.add(socket);
      socket.write(push([bulk('subscribe'), bulk('+switch-master'), ':1\r\n']));
    } else {
      socket.write('+OK\r\n');
    }
  }
}

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
/** What comes unasked, as clients expect it that greet with `HELLO 3`. */
const push = (elements: readonly string[]) => `>${elements.length}\r\n${elements.join('')}`;
const bulks = (texts: readonly string[]) => `*${texts.length}\r\n${texts.map(bulk).join('')}`;
