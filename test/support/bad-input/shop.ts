import { createHash, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import Koa from 'koa';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { type DatabaseKind, type FreshDatabase, freshDatabase } from '../services.js';
import type { RawReply } from '../spec/http.js';
import { Browser, hiddenOf, locationOf } from './browser.js';
import { basic } from './form-parameters.js';
import { InMemoryServer, type RawCall } from './in-memory.js';
import type { Row } from './rows.js';
import { Observed, Secrets } from './secrecy.js';

export const ISSUER = 'http://127.0.0.1:8080';
export const REDIRECT_URI = 'https://app.example/callback';
export const VERIFIER = randomBytes(32).toString('base64url');
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

const PASSWORD = randomBytes(12).toString('base64url');
/** What its signing keys are encrypted with. */
export const ENCRYPTION_KEY = randomBytes(32);

/** The parameters of a request that begins an authorization. */
export const REQUEST = {
  ...{ response_type: 'code', redirect_uri: REDIRECT_URI, scope: 'read', state: 'a state' },
  ...{ code_challenge: CHALLENGE, code_challenge_method: 'S256' },
};

/** An authorization server without limits, for alice and bob, whose password it knows. */
export function shopOptions(observed: Observed, database: string) {
  return {
    database,
    scopes: { read: 'Read', write: 'Write' },
    users: {
      findById: (id: string) => (['alice', 'bob'].includes(id) ? { id } : undefined),
      isActive: () => true,
      idOf: ({ id }: { readonly id: string }) => id,
    },
    logger: observed.logger,
    opaqueTokens: { unchecked: 'accept' as const },
    throttling: { failedAuthentication: null },
    authorizationServer: authorizationServer({
      issuer: ISSUER,
      encryptionKeys: [ENCRYPTION_KEY],
      devicePollingSeconds: 0,
      refreshGraceSeconds: 0,
      isStaff: () => true,
      ownerScopes: ['read'],
      authenticate: (name: string, password: string) => (password === PASSWORD ? name : undefined),
      throttling: {
        ...{ token: null, authorize: null, device: null, introspection: null, signIn: null, signInByName: null },
        ...{ registration: null, userCodes: null, allUserCodes: null },
      },
    }),
  };
}

/** An authorization server on a database whose rows are overwritten, with an application that may do everything. */
export class Shop {
  readonly observed = new Observed();
  clientId = '';
  clientSecret = '';
  private started: { readonly oauth2: OAuth2; readonly server: InMemoryServer } | undefined;
  private database: FreshDatabase | undefined;
  private readonly events: string[] = [];
  private secrets = new Secrets([]);

  async start(kind: DatabaseKind): Promise<void> {
    this.observed.start();
    if (kind !== 'sqlite') this.database = await freshDatabase(kind);
    const oauth2 = createOAuth2(shopOptions(this.observed, this.database?.url ?? ':memory:'));
    await oauth2.migrate();
    const koa = new Koa();
    koa.silent = true;
    if (oauth2.authorizationServer !== undefined) koa.use(oauth2.authorizationServer.middleware());
    this.started = { oauth2, server: new InMemoryServer(koa.callback()) };
    const { application, clientSecret = '' } = await oauth2.applications.create({
      name: 'Shop',
      grantTypes: ['client_credentials', 'authorization_code', 'refresh_token', DEVICE_CODE],
      redirectUris: [REDIRECT_URI],
    });
    this.clientId = application.clientId;
    this.clientSecret = clientSecret;
    for (const name of ['client.refused', 'user.refused', 'token.issued', 'session.started'] as const) {
      oauth2.events.on(name, (event: object) => void this.events.push(inspect(event, { depth: 5 })));
    }
  }

  async close(): Promise<void> {
    this.observed.stop();
    this.started?.server.close();
    await this.started?.oauth2.close();
    await this.database?.drop();
  }

  get oauth2(): OAuth2 {
    return this.running.oauth2;
  }

  get client(): string {
    return basic(this.clientId, this.clientSecret);
  }

  /** Beside the secret of the application and the password. */
  keepSecret(...texts: readonly string[]): void {
    this.secrets = new Secrets([this.clientSecret, PASSWORD, ...texts]);
  }

  browser(cookies = ''): Browser {
    return new Browser(this.running.server, ISSUER, cookies);
  }

  /** @throws Error if it is a 5xx other than those that are expected, or anything tells a secret */
  async send(call: RawCall, expected: readonly number[] = []): Promise<RawReply> {
    return this.checked(await this.running.server.send(call), expected);
  }

  /** The same for a form of the application, or of whoever the field names. */
  async form(path: string, form: Readonly<Record<string, string>>, field = this.client): Promise<RawReply> {
    const fields = field === '' ? [] : [field];
    return this.checked(await this.running.server.form(path, `${new URLSearchParams(form)}`, fields));
  }

  /** The row with this id. */
  async row(table: string, id: number): Promise<Row> {
    return (await this.oauth2.knex(table).where('id', id).first()) as Row;
  }

  /** The last row of a table, or of a kind of record. */
  async lastRow(table: string, where: Row = {}): Promise<Row & { readonly id: number }> {
    const row = await this.oauth2.knex(table).where(where).orderBy('id', 'desc').first();
    return { ...row, id: Number(row.id) };
  }

  async signedIn(username: string): Promise<Browser> {
    const browser = this.browser();
    const page = await browser.visit('/oauth2/sign-in');
    const done = await browser.post('/oauth2/sign-in', { ...hiddenOf(page), username, password: PASSWORD });
    if (done.status !== 303) throw new Error(`Not signed in: ${done.status} ${done.text}`);
    return browser;
  }

  /** Lets the application have scopes; resolves to the code. */
  async codeFrom(browser: Browser, scope = 'read'): Promise<string> {
    const query = new URLSearchParams({ ...REQUEST, scope, client_id: this.clientId, prompt: 'consent' });
    await browser.visit(`/oauth2/authorize?${query}`);
    const path = browser.location;
    let reply = await browser.post(path, { ...hiddenOf(await browser.visit(path)), decision: 'allow' });
    for (let steps = 0; steps < 5 && codeIn(reply) === undefined; steps += 1) {
      reply = await browser.visit(locationOf(reply));
    }
    const code = codeIn(reply);
    if (code === undefined) throw new Error(`No code: ${reply.status} ${reply.text}`);
    return code;
  }

  private get running(): NonNullable<Shop['started']> {
    if (this.started === undefined) throw new Error('It runs only after start().');
    return this.started;
  }

  private checked(reply: RawReply, expected: readonly number[] = []): RawReply {
    const { status, text } = reply;
    const isAnswer = (status >= 200 && status < 500) || expected.includes(status);
    if (!isAnswer) throw new Error(`${status}: ${text} ${this.observed.take()}`);
    this.secrets.expectNone(text + locationOf(reply) + reply.fields('www-authenticate').join(), 'the answer');
    const log = this.observed.take();
    this.secrets.expectNone(log + this.events.splice(0).join(), 'a log line or an event');
    if (/failed at/.test(log)) throw new Error(log);
    return reply;
  }
}

/** The code that an answer leads to an application with. */
export function codeIn(reply: RawReply): string | undefined {
  return /[?&;]code=([\w-]+)/.exec(locationOf(reply) + reply.text)?.[1];
}

/** A column as a number, if it is one: drivers return large ones as texts. Bytes are none. */
export function numberIn(value: unknown): number {
  return ['number', 'bigint', 'string'].includes(typeof value) ? Number(value) : Number.NaN;
}

/** The object in a column of JSON; `undefined` if there is none. */
export function objectIn(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (value === null) return {};
  if (typeof value !== 'string') return undefined;
  try {
    const parsed = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** A row as a text; also what is no JSON. */
export function described(row: Row): string {
  return JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** The names in a column of scopes, URIs or the like. */
export function wordsIn(value: unknown): readonly string[] {
  return typeof value === 'string' ? value.split(' ') : [];
}

/** Whether what a token says of itself binds it to a key or a certificate. */
export function isBound(payload: Readonly<Record<string, unknown>>): boolean {
  return ['cnf', 'jkt', 'x5t#S256', 'dpopJkt'].some((name) => payload[name] !== undefined && payload[name] !== null);
}
