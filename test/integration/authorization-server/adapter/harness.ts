import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Adapter, AdapterPayload, Provider } from 'oidc-provider';
import { createSealer, type Sealer } from '../../../../src/authorization-server/keys/sealer.js';
import type {
  AdapterDependencies,
  Reuse,
} from '../../../../src/authorization-server/oidc/adapter/adapter-dependencies.js';
import {
  createStorageAdapters,
  type StorageAdapters,
} from '../../../../src/authorization-server/oidc/adapter/storage-adapters.js';
import { AtomicProvider } from '../../../../src/authorization-server/oidc/patches/atomic-provider.js';
import { type Clock, systemClock } from '../../../../src/core/clock.js';
import { silentLogger } from '../../../../src/core/logger.js';
import { OpaqueTokens } from '../../../../src/core/opaque-tokens/index.js';
import { systemRandomBytes } from '../../../../src/core/token-value.js';
import {
  ApplicationRepository,
  bindModels,
  type Database,
  migrate,
  type OAuth2Models,
  openDatabase,
  TokenRepository,
} from '../../../../src/storage/index.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../../support/http.js';
import type { DatabaseKind } from '../../../support/services.js';
import { freshDatabase } from '../../../support/services.js';

/** A clock that tests move; it starts at the real time. */
export class MovedClock implements Clock {
  offsetMilliseconds = 0;

  nowMilliseconds(): number {
    return systemClock.nowMilliseconds() + this.offsetMilliseconds;
  }

  monotonicMilliseconds(): number {
    return systemClock.monotonicMilliseconds() + this.offsetMilliseconds;
  }
}

export interface ServerOptions {
  readonly graceSeconds?: number;
  readonly refreshLifetimeSeconds?: number;
  readonly refreshIdleSeconds?: number;
  readonly defaultAudience?: string;
  readonly encryptionKeys?: readonly Buffer[];
  readonly clock?: Clock;
  /** Another way to the same database. */
  readonly databaseUrl?: string;
  /** Put between oidc-provider and the storage. */
  readonly around?: (kind: string, adapter: Adapter) => Adapter;
}

/** One process of an authorization server: a pool, a provider and a port of its own. */
export interface AdapterServer {
  readonly database: Database;
  readonly models: OAuth2Models;
  readonly tokens: TokenRepository;
  readonly storage: StorageAdapters;
  readonly provider: Provider;
  readonly sealer: Sealer;
  /** Cache keys that were to be dropped. */
  readonly dropped: string[];
  readonly events: { readonly name: string; readonly reuse: Reuse }[];
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface TestDatabase {
  readonly kind: DatabaseKind;
  readonly url: string;
  /** Confidential; may do everything. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** Another one, with the same rights. */
  readonly other: { readonly clientId: string; readonly clientSecret: string };
  server(options?: ServerOptions): Promise<AdapterServer>;
  close(): Promise<void>;
}

export const VERIFIER = 'v'.repeat(43);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
export const REDIRECT_URI = 'https://client.example/callback';
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials', DEVICE_GRANT];
const JWK = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

/** A migrated database with two applications, and servers on it. */
export async function testDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const fresh = await freshDatabase(kind);
  const database = openDatabase(fresh.url);
  const models = bindModels(database.knex);
  await migrate(database.knex);
  const applications = new ApplicationRepository(models);
  const create = async (name: string) => {
    const created = await applications.create({ name, grantTypes: GRANTS, redirectUris: [REDIRECT_URI] });
    return { clientId: created.application.clientId, clientSecret: created.clientSecret as string };
  };
  const [main, other] = [await create('main'), await create('other')];
  const encryptionKeys = [randomBytes(32)];
  const servers: AdapterServer[] = [];
  return {
    kind,
    url: fresh.url,
    ...main,
    other,
    async server(options = {}) {
      const server = await startServer(options.databaseUrl ?? fresh.url, [main, other], { encryptionKeys, ...options });
      servers.push(server);
      return server;
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
      await database.knex.destroy();
      await fresh.drop();
    },
  };
}

async function startServer(
  databaseUrl: string,
  clients: readonly { readonly clientId: string; readonly clientSecret: string }[],
  options: ServerOptions,
): Promise<AdapterServer> {
  const database = openDatabase(databaseUrl);
  const models = bindModels(database.knex);
  const clock = options.clock ?? systemClock;
  const tokens = new TokenRepository(models, { clock });
  const sealer = createSealer(options.encryptionKeys ?? []);
  const dropped: string[] = [];
  const events: { name: string; reuse: Reuse }[] = [];
  const parts: AdapterDependencies = {
    models,
    tokens,
    opaqueTokens: new OpaqueTokens(
      { prefix: 'rco_', secrets: [Buffer.alloc(32, 7)], unchecked: 'accept' },
      { read: async () => undefined, admitUnchecked: async () => undefined, clock, logger: silentLogger },
    ),
    clock,
    sealer,
    random: systemRandomBytes,
    logger: silentLogger,
    defaultAudience: options.defaultAudience,
    refreshLifetimeSeconds: () => Promise.resolve(options.refreshLifetimeSeconds ?? 30 * 86_400),
    refreshGraceSeconds: options.graceSeconds ?? 30,
    invalidate: async (keys) => {
      dropped.push(...keys);
    },
    forgetMiss() {},
    emit: (name, reuse) => void events.push({ name, reuse }),
  };
  const storage = createStorageAdapters(parts);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new AtomicProvider(
    url,
    {
      adapter: (kind) => {
        const adapter = kind === 'Client' ? clientAdapter(clients) : storage.adapter(kind);
        return options.around?.(kind, adapter) ?? adapter;
      },
      jwks: { keys: [{ ...JWK, kid: 'test' }] } as never,
      scopes: ['openid', 'read', 'write'],
      cookies: { keys: ['a-key-for-the-cookies-of-a-test'] },
      expiresWithSession: () => false,
      rotateRefreshToken: true,
      revokeGrantPolicy: () => true,
      issueRefreshToken: () => true,
      findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
      ttl: {
        AccessToken: 3600,
        AuthorizationCode: 60,
        ClientCredentials: 3600,
        DeviceCode: 600,
        Grant: 60 * 86_400,
        IdToken: 3600,
        Interaction: 600,
        RefreshToken: options.refreshIdleSeconds ?? 14 * 86_400,
        Session: 86_400,
      },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        deviceFlow: { enabled: true },
        introspection: { enabled: true, allowedPolicy: () => true },
        revocation: { enabled: true, allowedPolicy: () => true },
        dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => false },
        pushedAuthorizationRequests: { enabled: true },
      },
    },
    storage,
    (send) => send,
  );
  server.on('request', provider.callback());
  return {
    database,
    models,
    tokens,
    storage,
    provider,
    sealer,
    dropped,
    events,
    async post(path, form, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...headers },
        body: new URLSearchParams(form).toString(),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.knex.destroy();
    },
  };
}

function clientAdapter(clients: readonly { readonly clientId: string; readonly clientSecret: string }[]): Adapter {
  const find = async (id: string): Promise<AdapterPayload | undefined> => {
    const client = clients.find(({ clientId }) => clientId === id);
    return (
      client && {
        client_id: id,
        client_secret: client.clientSecret,
        grant_types: GRANTS,
        response_types: ['code'],
        redirect_uris: [REDIRECT_URI],
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: 'ES256',
      }
    );
  };
  const never = () => Promise.reject(new Error('Not called for a client.'));
  return {
    find,
    upsert: never,
    destroy: never,
    consume: never,
    findByUid: never,
    findByUserCode: never,
    revokeByGrantId: never,
  };
}

/** Fresh authorizations, made as oidc-provider makes them once a user has consented. */
export class Authorizations {
  constructor(
    private readonly test: TestDatabase,
    private readonly server: AdapterServer,
  ) {}

  async grant(userId = 'alice', scope = 'openid read write'): Promise<string> {
    const grant = new this.server.provider.Grant({ accountId: userId, clientId: this.test.clientId });
    grant.addOIDCScope(scope);
    Object.assign(grant, { jti: randomBytes(16).toString('base64url') });
    return grant.save();
  }

  async code(userId = 'alice', scope = 'openid read write', grantId?: string): Promise<string> {
    const { AuthorizationCode, Client } = this.server.provider;
    const code = new AuthorizationCode({
      accountId: userId,
      client: (await Client.find(this.test.clientId)) as never,
      grantId: grantId ?? (await this.grant(userId, scope)),
      scope,
      redirectUri: REDIRECT_URI,
      codeChallenge: CHALLENGE,
      codeChallengeMethod: 'S256',
      nonce: 'n-0S6_WzA2Mj',
      sessionUid: 'uid-of-a-session-that-is-nowhere',
    } as never);
    return code.save();
  }

  codeForm(code: string): Record<string, string> {
    return {
      ...this.credentials(),
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
    };
  }

  refreshForm(refreshToken: string, more: Record<string, string> = {}): Record<string, string> {
    return { ...this.credentials(), grant_type: 'refresh_token', refresh_token: refreshToken, ...more };
  }

  credentials(): Record<string, string> {
    return { client_id: this.test.clientId, client_secret: this.test.clientSecret };
  }

  async tokens(userId = 'alice', scope?: string): Promise<{ accessToken: string; refreshToken: string }> {
    const { status, body } = await this.server.post('/token', this.codeForm(await this.code(userId, scope)));
    if (status !== 200) throw new Error(`The code was refused: ${JSON.stringify(body)}`);
    return { accessToken: String(body.access_token), refreshToken: String(body.refresh_token) };
  }

  async introspect(token: string, more: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const { body } = await this.server.post('/token/introspection', { ...this.credentials(), token, ...more });
    return body;
  }

  async isActive(token: string): Promise<boolean> {
    return (await this.introspect(token)).active === true;
  }
}

/** Counts the statements that a server's pool sends while `work` runs, without BEGIN and COMMIT. */
export async function statementsOf(server: AdapterServer, work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const note = ({ sql }: { readonly sql: string }) => {
    if (!/^(BEGIN|COMMIT|ROLLBACK)/i.test(sql)) statements.push(sql);
  };
  server.database.knex.on('query', note);
  try {
    await work();
  } finally {
    server.database.knex.removeListener('query', note);
  }
  return statements;
}
