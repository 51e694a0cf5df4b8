import { createServer, type RequestListener, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import { type RawReply, rawReply } from '../spec/http.js';

/** One end of a connection that only this process has: what is written to it was sent by the server. */
class MemoryConnection extends Duplex {
  readonly remoteAddress: string;
  readonly remotePort = 4711;
  readonly remoteFamily = 'IPv4';
  readonly said: Promise<string>;
  private readonly chunks: Buffer[] = [];
  private end_!: (text: string) => void;

  constructor(remoteAddress: string) {
    super({ allowHalfOpen: true });
    this.remoteAddress = remoteAddress;
    this.said = new Promise((resolve) => {
      this.end_ = resolve;
    });
    this.on('error', () => this.finish());
    this.on('close', () => this.finish());
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.finish();
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  private finish(): void {
    this.end_(Buffer.concat(this.chunks).toString('latin1'));
  }
}

/** A request, byte by byte: every character is one. */
export interface RawCall {
  /** Without the version. */
  readonly requestLine: string;
  /** Whole lines. */
  readonly fields?: readonly string[];
  readonly body?: string;
  readonly address?: string;
}

/**
 * Node's own HTTP server without a port: its parser reads what is sent here, and answers as over a socket, at thousands of
 * requests a second.
 */
export class InMemoryServer {
  private readonly server: Server;

  constructor(listener: RequestListener) {
    this.server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, listener);
    // The end of a request is the end of what is sent, and no sign of a caller who has gone.
    Object.assign(this.server, { httpAllowHalfOpen: true });
  }

  /** Sends a request and what ends it; answers all that came back. */
  async send({ requestLine, fields = [], body = '', address = '203.0.113.5' }: RawCall): Promise<RawReply> {
    const connection = new MemoryConnection(address);
    this.server.emit('connection', connection);
    const head = [`${requestLine} HTTP/1.1`, 'Host: api.example', 'Connection: close', ...fields, '', ''].join('\r\n');
    connection.push(Buffer.from(head + body, 'latin1'));
    connection.push(null);
    const text = await connection.said;
    connection.destroy();
    return rawReply(text);
  }

  /** Sends a form. */
  form(path: string, body: string, fields: readonly string[] = []): Promise<RawReply> {
    const bytes = Buffer.from(body).toString('latin1');
    return this.send({
      requestLine: `POST ${path}`,
      fields: ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${bytes.length}`, ...fields],
      body: bytes,
    });
  }

  close(): void {
    this.server.close();
  }
}
