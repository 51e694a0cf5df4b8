import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import Koa from 'koa';
import { thumbprint } from '../../../src/authorization-server/keys/key-pair.js';
import { createSealer } from '../../../src/authorization-server/keys/sealer.js';
import { SigningKeys } from '../../../src/authorization-server/keys/signing-keys.js';
import { ConfigurationError } from '../../../src/core/errors.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { SigningKeyRepository } from '../../../src/storage/index.js';
import { InMemoryServer } from '../../support/bad-input/in-memory.js';
import { bytesColumn, type Columns, type Row, rowsOf, textColumn, timeColumn } from '../../support/bad-input/rows.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, printed, Secrets } from '../../support/bad-input/secrecy.js';
import { described, ENCRYPTION_KEY, shopOptions } from '../../support/bad-input/shop.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Each input is a few statements, and now and then a new pair of keys. */
const SHARES = { sqlite: 0.03, mariadb: 0.005, postgres: 0.005 };
/** Each input is a whole application that starts. */
const STARTS = { sqlite: 0.005, mariadb: 0.001, postgres: 0.001 };

const KEYS = 'oauth2_signing_keys';
const IDENTITY = 'oauth2_database_identity';

describe.each(databaseKinds())('rows that an application is started with, on %s', (kind) => {
  const observed = new Observed();
  const sealer = createSealer([ENCRYPTION_KEY]);
  let database: FreshDatabase;
  let oauth2: OAuth2;
  let good: readonly (Row & { readonly id: number })[] = [];
  let secrets: Secrets;
  let kids: readonly string[] = [];

  const signingKeys = () => new SigningKeys({ repository: new SigningKeyRepository(oauth2.models), sealer });

  beforeAll(async () => {
    observed.start();
    database = await freshDatabase(kind);
    oauth2 = createOAuth2(shopOptions(observed, database.url));
    await oauth2.migrate();
    const { jwks } = await signingKeys().load();
    kids = jwks.keys.map(({ kid }) => kid);
    good = await oauth2.knex(KEYS).orderBy('id');
    const parts = jwks.keys.flatMap(({ d, p, q }) => [d, p, q]).filter((part) => part !== undefined);
    const identity = await oauth2.knex(IDENTITY).first();
    secrets = new Secrets([...parts, identity.mac_key.toString('hex'), identity.mac_key.toString('base64')]);
  });

  afterAll(async () => {
    observed.stop();
    await oauth2.close();
    await database.drop();
  });

  const COLUMNS: Columns = {
    kid: textColumn(['a'.repeat(43)], { width: 255 }),
    private_key_encrypted: bytesColumn([Buffer.from('v1.abcdefgh.'), Buffer.from('{}')], 200),
    generation: { takes: 'number', values: fc.constantFrom(0, -1, 2, 2_147_483_647) },
    signs_from_ms: timeColumn(),
    expires_at_ms: timeColumn(true),
    retired_at_ms: timeColumn(true),
    created_at_ms: timeColumn(),
    algorithm: textColumn(['RS256', 'none'], { width: 16 }),
  };

  /** Puts the good keys back, but for what is changed in one of them. What the database refuses is no row. */
  async function keysAre(changed: Row, at: number): Promise<boolean> {
    await oauth2.knex(KEYS).delete();
    const rows = good.map((row, index) => (index === at % good.length ? { ...row, ...changed } : row));
    try {
      for (const row of rows) await oauth2.knex(KEYS).insert(row);
      return true;
    } catch {
      return false;
    }
  }

  // A change of the algorithm, or a key that is over, makes a new one, which takes a while.
  const { algorithm, expires_at_ms, ...cheap } = COLUMNS;
  const rare = fc.oneof(
    { weight: 20, arbitrary: rowsOf(kind, cheap) },
    rowsOf(kind, { algorithm, expires_at_ms } as Columns),
  );

  test('[ALL-79] a key that cannot be decrypted at its place signs and is published never, and the message has no part of it', async () => {
    const seen = { read: 0, refused: 0 };
    await forInputsAsync(
      fc.asyncProperty(rare, fc.nat(1), async (changed, at) => {
        if (!(await keysAre(changed, at))) return;
        const isTouched = ['kid', 'private_key_encrypted'].some((name) => name in changed);
        const overwritten = good[at % good.length]?.kid;
        try {
          const { jwks } = await signingKeys().load();
          seen.read += 1;
          // Its name is its thumbprint, whatever the row says.
          const isOwn = jwks.keys.every((key) => key.kid === thumbprint(key));
          const isOverwritten = isTouched && jwks.keys.some(({ kid }) => kid === overwritten);
          if (!isOwn || isOverwritten) throw new Error(`Published: ${described(changed)}`);
        } catch (error) {
          if (!(error instanceof ConfigurationError)) throw error;
          secrets.expectNone(printed(error), 'the error');
          seen.refused += 1;
        }
      }),
      SHARES[kind],
    );
    await keysAre({}, 0);
    expect((await signingKeys().load()).jwks.keys.map(({ kid }) => kid)).toEqual(kids);
    expect([seen.read > 0, seen.refused > 0, observed.uncaught]).toEqual([true, true, []]);
  });

  test('[ALL-79] an application that is started with such a row answers, or says that it cannot, and tells no secret', async () => {
    const identity = await oauth2.knex(IDENTITY).first();
    const ofIdentity: Columns = {
      identity: textColumn(['i'.repeat(22)], { width: 22 }),
      mac_key: bytesColumn([randomBytes(32)], 32),
      created_at_ms: timeColumn(),
      checked_since_ms: timeColumn(true),
    };
    const seen = { answered: 0, unavailable: 0 };
    const start = fc.oneof(
      rowsOf(kind, cheap).map((row) => ({ row, table: KEYS })),
      rowsOf(kind, ofIdentity).map((row) => ({ row, table: IDENTITY })),
    );
    const { application, clientSecret = '' } = await oauth2.applications.create({
      ...{ name: 'Shop', grantTypes: ['client_credentials'] },
    });
    const credentials = { client_id: application.clientId, client_secret: clientSecret };
    await forInputsAsync(
      fc.asyncProperty(start, async ({ row, table }) => {
        if (!(await keysAre(table === KEYS ? row : {}, 0))) return;
        await oauth2
          .knex(IDENTITY)
          .where('id', 1)
          .update({ ...identity, ...(table === IDENTITY && row) });
        const own = createOAuth2(shopOptions(observed, database.url));
        const koa = new Koa();
        koa.silent = true;
        if (own.authorizationServer !== undefined) koa.use(own.authorizationServer.middleware());
        const server = new InMemoryServer(koa.callback());
        try {
          await own.ready().catch((error: unknown) => {
            // Whoever goes on nevertheless answers what can be answered.
            if (!(error instanceof ConfigurationError)) throw error;
            secrets.expectNone(printed(error), 'the error');
          });
          const jwks = await server.send({ requestLine: 'GET /oauth2/jwks' });
          const form = { grant_type: 'client_credentials', scope: 'read', ...credentials };
          const token = await server.form('/oauth2/token', `${new URLSearchParams(form)}`);
          for (const { status, text } of [jwks, token]) {
            if (![200, 503].includes(status)) throw new Error(`${status} ${text} for ${described(row)}`);
            secrets.expectNone(text, 'the answer');
            seen[status === 200 ? 'answered' : 'unavailable'] += 1;
          }
        } finally {
          server.close();
          await own.close();
        }
        secrets.expectNone(observed.take(), 'the log');
      }),
      STARTS[kind],
    );
    expect([seen.answered > 0, seen.unavailable > 0, observed.uncaught]).toEqual([true, true, []]);
  });
});
