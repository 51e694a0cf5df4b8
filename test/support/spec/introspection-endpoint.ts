import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { KEEP_ALIVE_MILLISECONDS } from '../http.js';

/** One call that came. */
export interface IntrospectionCall {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
}

/** What a script answers with: a JSON body, or by hand. */
export type Script = (call: IntrospectionCall, response: ServerResponse) => unknown;

/** Another server's introspection endpoint, which does what a test says. */
export class ScriptedEndpoint {
  readonly calls: IntrospectionCall[] = [];
  /** What is answered; a value is sent as JSON, `undefined` if the script has answered itself. */
  script: Script = () => ({ active: false });
  origin = '';
  private server: Server | undefined;
  private port = 0;

  get url(): string {
    return `${this.origin}/introspect`;
  }

  /** The calls about tokens, without those for metadata and keys. */
  get asked(): string[] {
    return this.calls.filter(({ path }) => path === '/introspect').map(({ form }) => form.get('token') ?? '');
  }

  async start(): Promise<void> {
    const server = createServer(
      { keepAliveTimeout: KEEP_ALIVE_MILLISECONDS },
      (request, response) => void this.serve(request, response),
    );
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.origin = `http://127.0.0.1:${this.port}`;
  }

  /** Takes it down; `start` brings it back at the same place. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const call = { path: new URL(request.url ?? '', this.origin).pathname, headers: request.headers, form };
    this.calls.push(call);
    const answer = await this.script(call, response);
    if (answer === undefined || response.writableEnded || response.destroyed) return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  }
}

/** Runs a scripted endpoint while the tests of the surrounding `describe` run; each test begins without calls. */
export function useScriptedEndpoint(): ScriptedEndpoint {
  const endpoint = new ScriptedEndpoint();
  beforeAll(() => endpoint.start());
  beforeEach(() => {
    endpoint.calls.length = 0;
  });
  afterAll(() => endpoint.stop());
  return endpoint;
}

/** A good answer, with what a test changes in it. */
export function goodAnswer(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    ...{ active: true, sub: '5', client_id: 'app', scope: 'read', token_type: 'Bearer' },
    ...{ iat: now, exp: now + 3600 },
    ...changes,
  };
}
