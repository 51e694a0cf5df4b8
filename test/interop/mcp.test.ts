import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { silentLogger } from '../../src/core/logger.js';
import { createOAuth2 } from '../../src/public/index.js';
import { type DocumentServer, startDocumentServer } from '../support/document-server.js';
import { type LeashedProcess, startLeashed } from '../support/leashed-process.js';
import { targetOf, UserAgent, type Visit } from '../support/user-agent.js';

const MAIN = resolve('examples/dist/mcp/main.js');
const START_CAP_MILLISECONDS = 30_000;
const CALLBACK = 'http://127.0.0.1:9/callback';

/** What an agent keeps between its requests. It works with both generations of the SDK. */
class Agent {
  readonly redirectUrl = CALLBACK;
  readonly clientMetadata;
  /** The URL of its metadata document; without one it registers. */
  readonly clientMetadataUrl: string | undefined;
  /** The authorization requests that it has sent the browser to. */
  readonly sentTo: URL[] = [];
  private information: never | undefined;
  private kept: never | undefined;
  private discovered: never | undefined;
  private verifier = '';

  constructor(grantTypes: string[], clientMetadataUrl?: string) {
    this.clientMetadataUrl = clientMetadataUrl;
    this.clientMetadata = {
      client_name: 'An agent',
      redirect_uris: [CALLBACK],
      grant_types: grantTypes,
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  clientInformation() {
    return this.information;
  }
  saveClientInformation(information: unknown) {
    this.information = information as never;
  }
  tokens() {
    return this.kept;
  }
  saveTokens(tokens: unknown) {
    this.kept = tokens as never;
  }
  redirectToAuthorization(url: URL) {
    this.sentTo.push(url);
  }
  saveCodeVerifier(verifier: string) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
  discoveryState() {
    return this.discovered;
  }
  saveDiscoveryState(state: unknown) {
    this.discovered = state as never;
  }
  get accessToken(): string {
    return (this.kept as unknown as { access_token: string }).access_token;
  }
  get scopes(): string[] {
    return (this.kept as unknown as { scope: string }).scope.split(' ').sort();
  }
}

describe('clients of the Model Context Protocol against the example server', () => {
  let folder: string;
  let child: LeashedProcess;
  let documents: DocumentServer;
  let url: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oauth2-test-mcp-'));
    const logFile = join(folder, 'output');
    const { PATH, HOME } = process.env;
    documents = await startDocumentServer();
    const env = {
      ...{ PATH, HOME, PORT: '0', DATABASE_URL: join(folder, 'mcp.sqlite') },
      ...{ DOCUMENT_NETWORKS: 'loopback', NODE_EXTRA_CA_CERTS: documents.caFile },
    };
    child = await startLeashed(process.execPath, [MAIN], { env, logFile, workingFolder: folder });
    let found: string | undefined;
    for (const until = Date.now() + START_CAP_MILLISECONDS; found === undefined && Date.now() < until; ) {
      if (!child.running()) break;
      await sleep(20);
      found = /^MCP endpoint: (\S+)\n/m.exec(await readFile(logFile, 'utf8'))?.[1];
    }
    if (found === undefined) throw new Error(`The example did not start: ${await readFile(logFile, 'utf8')}`);
    url = found;
  }, 60_000);
  afterAll(async () => {
    await child?.end();
    await documents?.close();
    await rm(folder, { recursive: true, force: true });
    expect(child?.process.exitCode).toBe(0);
  });

  /** Goes where an agent sends the browser, signs alice in and allows what is asked; answers what comes back. */
  async function consent(agent: Agent, browser: UserAgent): Promise<URLSearchParams> {
    let visit: Visit = await browser.get((agent.sentTo.at(-1) as URL).href);
    if (visit.body.includes('name="password"')) {
      visit = await browser.submit(visit, { username: 'alice', password: 'wonderland' });
    }
    if (visit.body.includes('name="decision"')) visit = await browser.submit(visit, { decision: 'allow' });
    return targetOf(visit).searchParams;
  }

  const text = (result: unknown) => (result as { content: { text: string }[] }).content[0]?.text;
  const parametersOf = (agent: Agent, index: number) => Object.fromEntries(agent.sentTo[index]?.searchParams ?? []);
  const scopesAsked = (agent: Agent, index: number) => (parametersOf(agent, index).scope ?? '').split(' ').sort();

  /** One way to use an SDK: which client, and how it takes part. */
  interface Sdk {
    readonly grantTypes: string[];
    /** Whether it is known by its metadata document, and not registered. */
    readonly hasDocument: boolean;
    connect(agent: Agent): { start(): Promise<void>; finish(callback: URLSearchParams): Promise<void>; client: Caller };
  }
  interface Caller {
    callTool(call: { name: string; arguments?: Record<string, unknown> }): Promise<unknown>;
    close(): Promise<void>;
  }
  const current = (mode: 'auto' | 'legacy'): Sdk => ({
    grantTypes: ['authorization_code', 'refresh_token'],
    hasDocument: true,
    connect(agent) {
      const client = new Client({ name: 'agent', version: '1' }, { versionNegotiation: { mode } });
      const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: agent });
      return {
        start: () => client.connect(transport),
        finish: (callback) => transport.finishAuth(callback),
        client,
      };
    },
  });
  const older: Sdk = {
    // With a refresh token it answers a step-up challenge by refreshing, which gives no other scope.
    grantTypes: ['authorization_code'],
    hasDocument: false,
    connect(agent) {
      const client = new OlderClient({ name: 'agent', version: '1' });
      const transport = new OlderTransport(new URL(url), { authProvider: agent });
      return {
        start: () => client.connect(transport),
        finish: (callback) => transport.finishAuth(callback.get('code') ?? ''),
        client,
      };
    },
  };

  test.each([
    ['the client of revision 2026-07-28', current('auto')],
    ['the same client as one of an earlier revision', current('legacy')],
    ['the older SDK 1.x', older],
  ])(
    '[AS-67 RS-68] %s comes from a 401 to the result of a tool, and by step-up to that of another',
    async (_name, sdk) => {
      const { grantTypes, hasDocument } = sdk;
      const document = documents.document({ redirect_uris: [CALLBACK], grant_types: grantTypes });
      const agent = new Agent(grantTypes, hasDocument ? document : undefined);
      const browser = new UserAgent(new URL(url).origin);
      const first = sdk.connect(agent);
      await expect(first.start()).rejects.toThrow(/unauthorized/i);
      // What it asks for is what the challenge named, for the resource that the metadata name.
      expect(parametersOf(agent, 0)).toMatchObject({ resource: new URL(url).origin, code_challenge_method: 'S256' });
      // With a document it does not register.
      const { client_id: clientId } = parametersOf(agent, 0);
      expect(clientId === document).toBe(hasDocument);
      expect(scopesAsked(agent, 0)).toContain('books:read');
      expect(scopesAsked(agent, 0)).not.toContain('books:write');
      await first.finish(await consent(agent, browser));
      const { start, client, finish } = sdk.connect(agent);
      await start();
      expect(text(await client.callTool({ name: 'list-books' }))).toContain('Emma');

      const add = () => client.callTool({ name: 'add-book', arguments: { title: 'Sanditon' } });
      await expect(add()).rejects.toThrow(/unauthorized/i);
      // The challenge names all that the tool needs, so what the agent had is not lost.
      expect(scopesAsked(agent, 1)).toEqual(expect.arrayContaining(['books:read', 'books:write']));
      await finish(await consent(agent, browser));
      expect(agent.scopes).toEqual(expect.arrayContaining(['books:read', 'books:write']));
      expect(text(await add())).toBe('alice added Sanditon.');
      // The same token opens the controllers beside it.
      const listed = await fetch(new URL('/books', url), { headers: { authorization: `Bearer ${agent.accessToken}` } });
      expect(await listed.json()).toContain('Sanditon');
      expect(documents.requestsOf(document)).toBe(hasDocument ? 1 : 0);
      await client.close();
    },
  );

  const CALL = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'add-book', arguments: { title: 'No' } },
  };
  const LIST = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'list-books' } };
  const post = (headers: Record<string, string>, body: unknown = CALL) =>
    fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify(body),
    });

  test('[RS-22 §5.1] without a token, the challenge names the metadata and the least scope', async () => {
    const answer = await post({});
    expect(answer.status).toBe(401);
    const { origin } = new URL(url);
    const challenge = `Bearer realm="api", scope="books:read", resource_metadata="${origin}/.well-known/oauth-protected-resource"`;
    const [first] = (answer.headers.get('www-authenticate') ?? '').split(', DPoP ');
    expect(first).toBe(challenge);
  });

  test('[RS-68] a tool whose scope is missing is not run, also in a batch; the challenge names all its scopes', async () => {
    const agent = new Agent(older.grantTypes);
    const { start, finish } = older.connect(agent);
    await expect(start()).rejects.toThrow(/unauthorized/i);
    await finish(await consent(agent, new UserAgent(new URL(url).origin)));
    const authorization = `Bearer ${agent.accessToken}`;
    for (const body of [CALL, [CALL], [LIST, CALL]]) {
      const answer = await post({ authorization }, body);
      expect(answer.status).toBe(403);
      const challenge = answer.headers.get('www-authenticate') ?? '';
      expect(challenge).toContain('error="insufficient_scope"');
      expect(challenge).toContain('scope="books:read books:write"');
      expect(challenge).toContain(`resource_metadata="${new URL(url).origin}/.well-known/oauth-protected-resource"`);
    }
    const listed = await fetch(new URL('/books', url), { headers: { authorization } });
    expect(await listed.json()).not.toContain('No');
    // Who counts: the user, and the application of all its users.
    expect(listed.headers.get('ratelimit-policy')).toBeNull();
    const counted = await post({ authorization }, LIST);
    expect(counted.headers.get('ratelimit-policy')).toMatch(/"user";q=120;w=60.*"client";q=600;w=60/);
  });

  test('[RS-22] a token for another resource of the same server is refused (RFC 8707)', async () => {
    const tokenFor = async (resource: string) => {
      const oauth2 = createOAuth2({ database: join(folder, 'mcp.sqlite'), resource, logger: silentLogger });
      try {
        const { application } = await oauth2.applications.create({ name: 'A', grantTypes: ['client_credentials'] });
        const scope = 'books:read books:write';
        return (await oauth2.tokens.issue({ user: 'alice', application, scope })).access_token;
      } finally {
        await oauth2.close();
      }
    };
    const statusWith = async (token: string) => (await post({ authorization: `Bearer ${token}` }, LIST)).status;
    expect(await statusWith(await tokenFor(new URL(url).origin))).toBe(200);
    expect(await statusWith(await tokenFor('https://other.example'))).toBe(401);
  });

  test('a page of another origin is refused, even with a token', async () => {
    const agent = new Agent(older.grantTypes);
    const { start, finish } = older.connect(agent);
    await expect(start()).rejects.toThrow(/unauthorized/i);
    await finish(await consent(agent, new UserAgent(new URL(url).origin)));
    const answer = await post({ authorization: `Bearer ${agent.accessToken}`, origin: 'https://elsewhere.example' });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });
});
