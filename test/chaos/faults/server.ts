/** A process with guarded and throttled actions and an authorization server. It ends with its parent. */
import 'reflect-metadata';
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { Model } from 'objection';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { sha256 } from '../../../src/core/digest.js';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { createOAuth2, objectionUserStore, Public, Throttle } from '../../../src/public/index.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../support/http.js';
import type { Order, Orders, Report, ServerSettings } from './protocol.js';
import { REDIRECT_URI, SIGNED_RESOURCE, THROTTLE_LIMIT } from './protocol.js';

process.once('disconnect', () => process.exit());

const settings = JSON.parse(process.argv[2] as string) as ServerSettings;
const tell = (report: Report) => process.send?.(report);
const write = (line: string) => tell({ kind: 'log', line });

@JsonController()
class Actions {
  @Authorized(['read'])
  @Get('/read')
  read() {
    return {};
  }

  @Authorized(['write'])
  @Get('/write')
  write() {
    return {};
  }

  /** Waits for nothing but this process and its machine. */
  @Public()
  @Get('/unguarded')
  unguarded() {
    return {};
  }

  @Authorized(['read'])
  @Throttle('token')
  @Get('/throttled')
  throttled() {
    return {};
  }
}

class User extends Model {
  static override tableName = 'chaos_users';
  declare id: string;
  declare is_active: boolean | number;
}

const { redis } = settings;
const oauth2 = createOAuth2({
  database: settings.database,
  databaseDeadlineMilliseconds: settings.databaseDeadlineMilliseconds,
  redis:
    typeof redis === 'string'
      ? redis
      : new Redis({
          sentinels: [{ host: '127.0.0.1', port: redis.sentinelPort }],
          name: redis.name,
          lazyConnect: true,
        }),
  users: objectionUserStore(User, { deadlineMilliseconds: settings.databaseDeadlineMilliseconds }),
  scopes: { read: 'Read', write: 'Write' },
  resource: SIGNED_RESOURCE,
  requireAudience: false,
  // What is refused comes from one address here, and in masses.
  throttling: { policies: { token: `${THROTTLE_LIMIT}/hour` }, failedAuthentication: null },
  logger: { info: write, warn: write, error: write },
  authorizationServer: authorizationServer({
    issuer: settings.issuer,
    encryptionKeys: [settings.encryptionKey],
    authenticate: (username, password) => (password === [...username].reverse().join('') ? username : undefined),
    resources: { [SIGNED_RESOURCE]: { scopes: ['read', 'write'], accessTokens: 'jwt', accessTokenAlgorithm: 'ES256' } },
    throttling: { token: null, authorize: null, introspection: null, signIn: null, signInByName: null },
  }),
});
User.knex(oauth2.knex);

const SERVICE = 'service';

const clientOf = ({
  application,
  clientSecret = '',
}: {
  application: { clientId: string };
  clientSecret?: string;
}) => ({
  clientId: application.clientId,
  clientSecret,
});

const orders: { [Name in keyof Orders]: (...given: Parameters<Orders[Name]>) => Promise<ReturnType<Orders[Name]>> } = {
  async setUp() {
    await oauth2.migrate();
    await oauth2.knex.schema.createTable('chaos_users', (table) => {
      table.string('id', 40).primary();
      table.boolean('is_active').notNullable();
    });
    await User.query().insert({ id: 'alice', is_active: true });
    const service = await oauth2.applications.create({
      name: 'Service',
      clientId: SERVICE,
      grantTypes: ['client_credentials'],
    });
    const web = await oauth2.applications.create({
      name: 'Web',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: [REDIRECT_URI],
      skipAuthorization: true,
    });
    return { service: clientOf(service), web: clientOf(web) };
  },
  async issue(options) {
    return (await oauth2.tokens.issue({ application: SERVICE, ...options })).access_token;
  },
  revoke: (token) => oauth2.tokens.revoke(token),
  async addUser(id) {
    await User.query().insert({ id, is_active: true });
    return null;
  },
  async disableUser(id) {
    await User.query().findById(id).patch({ is_active: false });
    await oauth2.tokens.invalidate({ user: id });
    return null;
  },
  async addClient() {
    return clientOf(await oauth2.applications.create({ name: 'Machine', grantTypes: ['client_credentials'] }));
  },
  async rotateSecret(clientId) {
    return (await oauth2.applications.rotateSecret(clientId)) as string;
  },
  async replaceKeys() {
    const keys = await oauth2.authorizationServer?.signingKeys.rotate({ compromised: true });
    return keys?.map(({ kid }) => kid) ?? [];
  },
  async family(refreshToken) {
    const { AccessToken, RefreshToken } = oauth2.models;
    const row = await RefreshToken.query().findOne('token_hash', sha256(refreshToken));
    const familyId = String(row?.familyId);
    const refreshTokens = await RefreshToken.query().where('family_id', familyId);
    const accessTokens = await AccessToken.query().where('family_id', familyId);
    const live = [...accessTokens, ...refreshTokens].filter((one) => one.revokedAtMilliseconds === null).length;
    return { live, refreshTokens: refreshTokens.length };
  },
};

process.on('message', async (message: Order | object) => {
  if (!('name' in message)) return;
  const { id, name, argument } = message;
  try {
    const value = await (orders[name] as (argument: unknown) => Promise<unknown>)(argument);
    tell({ kind: 'answer', id, value });
    if (name === 'setUp') await listen();
  } catch (error) {
    tell({ kind: 'answer', id, error: String(error) });
  }
});

/** The first process listens once there are tables. */
async function listen(): Promise<void> {
  await oauth2.ready();
  const koa = oauth2.createKoaServer({ controllers: [Actions] });
  koa.silent = true;
  const server = createServer(koa.callback());
  // Longer than a request of a test is away from a connection.
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  server.listen(settings.port, '127.0.0.1', () => tell({ kind: 'listening' }));
}

tell({ kind: 'started' });
if (process.argv[3] === 'listen') await listen();
