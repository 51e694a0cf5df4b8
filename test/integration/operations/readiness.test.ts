import { afterEach, describe, expect, test } from '@jest/globals';
import { Model } from 'objection';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import {
  createOAuth2,
  type OAuth2,
  type OAuth2Options,
  objectionUserStore,
  Public,
  type TokenVerifier,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { freePort } from '../../support/ports.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

@JsonController('/ready')
class Books {
  @Authorized('a')
  @Get('/guarded')
  guarded() {
    return {};
  }
  @Public()
  @Get('/open')
  open() {
    return {};
  }
}

const TOKEN = 'A'.repeat(43);
const COMMAND = 'Run npx rc-oauth2 migrate, or await oauth2.migrate() before the server listens.';

const lines: string[] = [];
const write = (line: string) => void lines.push(line);
const logger = { info: write, warn: write, error: write };
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  lines.length = 0;
});

function create(options: OAuth2Options): OAuth2 {
  const oauth2 = createOAuth2({ logger, ...options });
  ends.push(() => oauth2.close());
  return oauth2;
}

async function fresh(kind: Parameters<typeof freshDatabase>[0]): Promise<FreshDatabase> {
  const database = await freshDatabase(kind);
  ends.push(() => database.drop());
  return database;
}

async function served(oauth2: OAuth2): Promise<Served> {
  const site = await serve(oauth2.createKoaServer({ controllers: [Books] }));
  ends.push(() => site.close());
  return site;
}

describe.each(databaseKinds())('a database that is not migrated, on %s', (kind) => {
  test('is refused by ready(), with the command', async () => {
    const oauth2 = create({ database: (await fresh(kind)).url });
    const error = (await oauth2.ready().catch((thrown: unknown) => thrown)) as Error;
    expect(error.name).toBe('ConfigurationError');
    expect(error.message).toBe(`The database is not migrated: it has no tables of this package. ${COMMAND}`);
  });

  test('is 503 for strangers and for tokens from the first request on, with one line that names the command', async () => {
    const oauth2 = create({ database: (await fresh(kind)).url });
    const site = await served(oauth2);
    const first = await site.get('/ready/guarded');
    expect(first.status).toBe(503);
    expect(first.headers.get('retry-after')).toBe('1');
    expect(await first.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'The server is temporarily unable to decide on this request.',
    });
    expect(lines).toEqual([`The database is not migrated: it has no tables of this package. ${COMMAND}`]);
    expect((await site.get('/ready/guarded', { headers: bearerHeader(TOKEN) })).status).toBe(503);
    expect((await site.get('/ready/open')).status).toBe(200);
    // Nothing has to be started again once it is.
    await oauth2.migrate();
    expect((await site.get('/ready/guarded')).status).toBe(401);
    expect((await site.get('/ready/guarded', { headers: bearerHeader(TOKEN) })).status).toBe(401);
  });

  test('is noticed when another process has migrated it', async () => {
    const { url } = await fresh(kind);
    const site = await served(create({ database: url }));
    expect((await site.get('/ready/guarded')).status).toBe(503);
    await create({ database: url }).migrate();
    let status = 503;
    for (const end = Date.now() + 20_000; status === 503 && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      status = (await site.get('/ready/guarded')).status;
    }
    expect(status).toBe(401);
  });

  test('is told to code that needs it, without a value of the statement', async () => {
    const oauth2 = create({ database: (await fresh(kind)).url });
    const error = await oauth2.applications
      .create({ name: 'demo', grantTypes: ['client_credentials'] })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'temporarily_unavailable', cause: { name: 'ConfigurationError' } });
    const { message } = (error as { cause: Error }).cause;
    expect(message).toMatch(/^The database is not migrated \(.*oauth2_applications.*\)\. Run npx rc-oauth2 migrate/);
    expect(message).not.toContain('insert');
  });
});

describe('a table that went missing after migrating', () => {
  test('is a 503 that names it, and no fault', async () => {
    const oauth2 = create({ database: ':memory:', opaqueTokens: { unchecked: 'accept' } });
    await oauth2.migrate();
    await oauth2.ready();
    const site = await served(oauth2);
    await oauth2.knex.schema.dropTable('oauth2_access_tokens');
    expect((await site.get('/ready/guarded', { headers: bearerHeader(TOKEN) })).status).toBe(503);
    expect(lines.at(-1)).toMatch(/no such table: oauth2_access_tokens.*rc-oauth2 migrate/);
  });
});

describe('a database that no request needs', () => {
  test('need not be migrated', async () => {
    const partner: TokenVerifier = { verify: () => ({ status: 'invalid' }) };
    const oauth2 = create({ database: ':memory:', verifiers: [partner] });
    await oauth2.ready();
    const site = await served(oauth2);
    expect((await site.get('/ready/guarded')).status).toBe(401);
    expect((await oauth2.health()).parts.database).toBeUndefined();
  });
});

describe('a database that is away', () => {
  test('stops no start by default: one line says so, requests that need it are 503', async () => {
    const port = await freePort();
    const oauth2 = create({ database: `mysql://shop:secret-password@127.0.0.1:${port}/shop` });
    await oauth2.ready();
    expect(lines).toEqual([expect.stringContaining(`ECONNREFUSED 127.0.0.1:${port}`)]);
    const site = await served(oauth2);
    expect((await site.get('/ready/guarded', { headers: bearerHeader(TOKEN) })).status).toBe(503);
    expect((await site.get('/ready/guarded')).status).toBe(401);
  });

  test('is refused with whenAway: reject, and by migrate(), in a message that says what to correct', async () => {
    const port = await freePort();
    const oauth2 = create({ database: `mysql://shop:secret-password@127.0.0.1:${port}/shop` });
    for (const call of [oauth2.ready({ whenAway: 'reject' }), oauth2.migrate()]) {
      const error = (await call.catch((thrown: unknown) => thrown)) as Error;
      expect(error.message).toBe(
        `The database cannot be reached (connect ECONNREFUSED 127.0.0.1:${port}): start it, or correct the host and port in the option database.`,
      );
      expect(String(error.stack)).not.toContain('secret-password');
    }
  });
});

describe('Redis that is away', () => {
  test('stops no start by default, and is refused with whenAway: reject', async () => {
    const port = await freePort();
    const oauth2 = create({ database: ':memory:', redis: `redis://127.0.0.1:${port}` });
    await oauth2.migrate();
    await oauth2.ready();
    await expect(oauth2.ready({ whenAway: 'reject' })).rejects.toThrow(
      new RegExp(
        `^Redis cannot be reached \\(.*ECONNREFUSED 127.0.0.1:${port}\\): start it, or correct the option redis\\.$`,
      ),
    );
  });
});

describe('ready()', () => {
  test('refuses credentials that the database refuses, since waiting does not help', async () => {
    const kind = databaseKinds().find((one) => one !== 'sqlite') ?? 'mariadb';
    const url = new URL((await fresh(kind)).url);
    Object.assign(url, { username: 'nobody_of_that_name', password: 'secret-password' });
    const oauth2 = create({ database: url.href });
    const error = (await oauth2.ready().catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toMatch(
      /^The database refuses this process \(.+\): correct the user, the password or the name of the database in the option database\.$/,
    );
    expect(error.message).not.toContain('secret-password');
  });

  test('refuses an option that it does not know', async () => {
    const oauth2 = create({ database: ':memory:' });
    await expect(oauth2.ready({ whenGone: 'reject' } as never)).rejects.toThrow(/ready\.whenGone/);
  });

  test('refuses keys that the stored ones were not sealed with', async () => {
    const { url } = await fresh('sqlite');
    const key = (letter: string) => Buffer.from(letter.repeat(32)).toString('base64url');
    const server = (letter: string) =>
      authorizationServer({
        issuer: 'https://shop.example.com',
        encryptionKeys: [key(letter)],
        authenticate: async () => undefined,
      });
    const users = { findById: () => undefined, isActive: () => true };
    const scopes = { a: 'See things' };
    const before = create({ database: url, users, scopes, authorizationServer: server('a') });
    await before.migrate();
    await before.ready();
    await expect(
      create({ database: url, users, scopes, authorizationServer: server('b') }).ready(),
    ).rejects.toMatchObject({
      name: 'ConfigurationError',
    });
  });

  test('refuses a user store that cannot work, and names the table', async () => {
    class Reader extends Model {
      static override tableName = 'readers';
    }
    const unbound = create({ database: ':memory:', users: objectionUserStore(Reader) });
    await unbound.migrate();
    await expect(unbound.ready()).rejects.toThrow(
      /^The users of objectionUserStore\(Reader\) cannot be read .*bind it to knex\.$/,
    );
    const oauth2 = create({ database: ':memory:' });
    await oauth2.migrate();
    const Bound = Reader.bindKnex(oauth2.knex);
    const users = create({ database: oauth2.knex, users: objectionUserStore(Bound) });
    await expect(users.ready()).rejects.toThrow(/no such table: readers/);
    await oauth2.knex.schema.createTable('readers', (table) => void table.increments('id'));
    await users.ready();
  });

  test('asks a user store of the host', async () => {
    const users = {
      findById: () => undefined,
      isActive: () => true,
      ready: () => Promise.reject(new Error('the directory has no base DN')),
    };
    const oauth2 = create({ database: ':memory:', users });
    await oauth2.migrate();
    await expect(oauth2.ready()).rejects.toThrow('the directory has no base DN');
  });
});
