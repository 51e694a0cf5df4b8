import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REDIRECT_URI } from './authorization.js';
import { KEEP_ALIVE_MILLISECONDS } from './http.js';

/** How a document is answered. */
export type Serving = (request: IncomingMessage, response: ServerResponse) => void;

/** Metadata documents on a host of their own, `https://localhost:…`. */
export interface DocumentServer {
  readonly origin: string;
  /** The certificate authority of the host (PEM). */
  readonly ca: string;
  /** The file with it. */
  readonly caFile: string;
  /** How many connections there were. */
  connections(): number;
  /** How often a URL was requested. */
  requestsOf(url: string): number;
  /** Serves something at a new path, and returns its URL. */
  serve(serving: Serving): string;
  /** Serves the document of an application, and returns its URL, which is the client identifier. */
  document(metadata?: Readonly<Record<string, unknown>>, fields?: Readonly<Record<string, string>>): string;
  /** Serves something else at a URL. */
  change(url: string, serving: Serving): void;
  close(): Promise<void>;
}

/** Answers with a document. */
export function answering(document: unknown, fields: Readonly<Record<string, string>> = {}): Serving {
  const body = typeof document === 'string' ? document : JSON.stringify(document);
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...fields }).end(body);
  };
}

/** The metadata of a public application of users. */
export function metadataOf(url: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    client_id: url,
    client_name: 'An agent',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    ...more,
  };
}

export async function startDocumentServer(): Promise<DocumentServer> {
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-documents-'));
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...names, ...files]);
  const caFile = join(folder, 'cert.pem');
  const ca = await readFile(caFile, 'utf8');
  const key = await readFile(join(folder, 'key.pem'), 'utf8');

  const served = new Map<string, Serving>();
  const requests = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server = createServer({ cert: ca, key, keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, (request, response) => {
    const path = request.url ?? '';
    requests.set(path, (requests.get(path) ?? 0) + 1);
    const serving = served.get(path);
    if (serving === undefined) response.writeHead(404).end();
    else serving(request, response);
  });
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  const pathOf = (url: string) => url.slice(origin.length);
  const serve = (serving: Serving) => {
    const path = `/agents/${served.size + 1}.json`;
    served.set(path, serving);
    return origin + path;
  };
  return {
    origin,
    ca,
    caFile,
    connections: () => connections,
    requestsOf: (url) => requests.get(pathOf(url)) ?? 0,
    serve,
    document(metadata, fields) {
      const url = serve(() => {});
      served.set(pathOf(url), answering(metadataOf(url, metadata), fields));
      return url;
    },
    change: (url, serving) => void served.set(pathOf(url), serving),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
