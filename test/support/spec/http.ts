import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What a test sends. */
export interface Call {
  readonly method?: string;
  /** A bearer token. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A body, sent as JSON. */
  readonly json?: unknown;
  /** A body, sent as it is. */
  readonly body?: string;
}

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text, read as JSON; `undefined` if there is none. */
  readonly body: unknown;
}

/** Sends one request. */
export async function call(
  url: string,
  { method = 'GET', token, headers = {}, json, body }: Call = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: json === undefined ? body : JSON.stringify(json),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`The answer is not JSON: ${text}`);
  }
}

/** A response as it came over the wire. */
export interface RawReply {
  readonly status: number;
  /** All fields of a name, in their order. */
  fields(name: string): string[];
  readonly text: string;
}

/**
 * Sends a request byte by byte, as `fetch` would not: two fields of one name, odd spaces, no length.
 *
 * @param requestLine without the version, e.g. `GET /api/protected`
 * @param fields whole lines; `Host` and `Connection` are added
 */
export async function callRaw(
  url: string,
  requestLine: string,
  fields: readonly string[],
  body = '',
): Promise<RawReply> {
  const socket = await openSocket(url);
  // Not `end`: a server takes the end of what a client sends as the end of its interest.
  socket.write(head(url, requestLine, ['Connection: close', ...fields]) + body, 'latin1');
  return rawReply(await everything(socket));
}

/** A connection to the server of a URL. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** The head of a request. */
export function head(url: string, requestLine: string, fields: readonly string[]): string {
  return [`${requestLine} HTTP/1.1`, `Host: ${new URL(url).host}`, ...fields, '', ''].join('\r\n');
}

/** All that a connection says until its end. */
export async function everything(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

/** Reads a response that ended with its connection. */
export function rawReply(text: string): RawReply {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const all = lines.map((line) => /^([^:]+):\s*(.*)$/.exec(line)?.slice(1) ?? [line, '']);
  return {
    status: Number(statusLine.split(' ')[1]),
    fields: (name) =>
      all.filter(([one = '']) => one.toLowerCase() === name.toLowerCase()).map(([, value = '']) => value),
    text: text.slice(end + 4),
  };
}
