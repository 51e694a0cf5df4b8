import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { type Logger, silentLogger } from '../../src/core/logger.js';
import type { UserStore } from '../../src/core/users.js';
import { type AuthorizationServerOptions, authorizationServer } from '../../src/public/authorization-server.js';
import { createOAuth2, type OAuth2, type OAuth2Options } from '../../src/public/index.js';
import type { NewApplication } from '../../src/storage/index.js';
import { KEEP_ALIVE_MILLISECONDS } from './http.js';
import { type DatabaseKind, freshDatabase } from './services.js';

/** A user of these tests; the password is the id backwards. */
export interface TestUser {
  readonly id: string;
  active: boolean;
}

/** The scopes that there are. */
export const SCOPES = {
  read: 'Read your books',
  write: 'Change your books',
  api: 'Use the API',
  introspection: 'Introspect tokens of others',
};

/** An application that was registered for a test. */
export interface TestClient {
  readonly clientId: string;
  /** Empty for a public application. */
  readonly clientSecret: string;
}

export interface AuthorizationServerTestOptions {
  readonly options?: Partial<AuthorizationServerOptions>;
  readonly oauth2?: Partial<OAuth2Options>;
  /** Adds to the application after the authorization server was mounted. */
  readonly mount?: (koa: Koa, oauth2: OAuth2) => void;
  /** Adds to the application before it. */
  readonly before?: (koa: Koa, oauth2: OAuth2) => void;
  readonly logger?: Logger;
  /** The controllers that are served behind it. */
  readonly controllers?: Function[];
}

/** An application with an authorization server, on a port of its own and a database of its own. */
export interface RunningAuthorizationServer {
  /** Also the issuer. */
  readonly url: string;
  readonly databaseUrl: string;
  readonly oauth2: OAuth2;
  /** alice, bob and carol; set `active` to false to disable one. */
  readonly users: Map<string, TestUser>;
  register(application?: Partial<NewApplication>): Promise<TestClient>;
  /** POSTs a form; the credentials of a client go into the Basic field. */
  post(path: string, form: Readonly<Record<string, string>> | string, client?: TestClient): Promise<Response>;
  /** The answer of the token endpoint, as JSON. */
  token(form: Readonly<Record<string, string>>, client?: TestClient): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Basic credentials (RFC 6749 §2.3.1). */
export function basic({ clientId, clientSecret }: TestClient): string {
  const encoded = [clientId, clientSecret].map((part) => encodeURIComponent(part)).join(':');
  return `Basic ${Buffer.from(encoded).toString('base64')}`;
}

/** Starts one; its database is gone after `close`. */
export async function startAuthorizationServer(
  kind: DatabaseKind,
  test: AuthorizationServerTestOptions = {},
): Promise<RunningAuthorizationServer> {
  const database = await freshDatabase(kind);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const users = new Map(['alice', 'bob', 'carol'].map((id) => [id, { id, active: true }]));
  const oauth2 = createOAuth2({
    database: database.url,
    users: userStore(users),
    scopes: SCOPES,
    logger: test.logger ?? silentLogger,
    ...test.oauth2,
    authorizationServer: authorizationServer({
      issuer: url,
      encryptionKeys: [randomBytes(32)],
      devicePollingSeconds: 0,
      authenticate: (username, password) =>
        users.has(username) && password === [...username].reverse().join('') ? username : undefined,
      ...test.options,
    }),
  });
  await oauth2.migrate();
  const koa = new Koa();
  koa.silent = true;
  test.before?.(koa, oauth2);
  if (test.controllers === undefined) {
    const mounted = oauth2.authorizationServer;
    if (mounted !== undefined) koa.use(mounted.middleware());
  } else {
    oauth2.useKoaServer(koa, { controllers: test.controllers });
  }
  test.mount?.(koa, oauth2);
  server.on('request', koa.callback());
  return running(server, url, database, oauth2, users);
}

function running(
  server: Server,
  url: string,
  database: { readonly url: string; drop(): Promise<void> },
  oauth2: OAuth2,
  users: Map<string, TestUser>,
): RunningAuthorizationServer {
  const post: RunningAuthorizationServer['post'] = (path, form, client) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(client && client.clientSecret !== '' && { authorization: basic(client) }),
      },
      body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
    });
  return {
    url,
    databaseUrl: database.url,
    oauth2,
    users,
    async register(application = {}) {
      const created = await oauth2.applications.create({
        name: 'Test application',
        grantTypes: ['client_credentials'],
        ...application,
      });
      return { clientId: created.application.clientId, clientSecret: created.clientSecret ?? '' };
    },
    post,
    token: async (form, client) => (await post('/oauth2/token', form, client)).json() as never,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await oauth2.close();
      await database.drop();
    },
  };
}

function userStore(users: ReadonlyMap<string, TestUser>): UserStore<TestUser> {
  return {
    findById: (id) => users.get(id),
    isActive: (user) => user.active,
    idOf: (user) => user.id,
  };
}
