import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../../src/core/digest.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { BookController } from '../../support/bad-input/guarded-books.js';
import { InMemoryServer } from '../../support/bad-input/in-memory.js';
import {
  type Columns,
  jsonColumn,
  NOW,
  type Row,
  rowsOf,
  textColumn,
  timeColumn,
} from '../../support/bad-input/rows.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { described, numberIn } from '../../support/bad-input/shop.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Each input is a statement and a request. */
const SHARES = { sqlite: 1, mariadb: 0.05, postgres: 0.05 };

const JKT = 'k'.repeat(43);

/** Columns of access tokens. */
const COLUMNS: Columns = {
  scope: textColumn(['read', 'write', 'read write', 'reads', 'read:all']),
  payload: jsonColumn(
    ['{}', `{"jkt":"${JKT}"}`, `{"x5t#S256":"${JKT}"}`, `{"cnf":{"jkt":"${JKT}"}}`],
    ['{"jkt":1}', '{"jkt":[]}', '{"cnf":[]}', '{"cnf":{}}', '{"extra":{"acr":1,"amr":{},"auth_time":1e308}}'],
  ),
  audience: jsonColumn(['["https://api.example"]', 'https://api.example', '[]'], []),
  user_id: textColumn(['alice', 'bob'], { width: 255, nullable: true }),
  expires_at_ms: timeColumn(),
  created_at_ms: timeColumn(),
  revoked_at_ms: timeColumn(true),
};

/** Whether a row says, without doubt, that it is good for a bearer, now, for reading. */
function isGood(row: Row): boolean {
  const isText = (value: unknown) => typeof value === 'string';
  const isBound = () => {
    if (row.payload === null) return false;
    if (!isText(row.payload)) return true;
    try {
      const { cnf, jkt, 'x5t#S256': certificate } = JSON.parse(row.payload as string);
      return [cnf, jkt, certificate].some((member) => member !== undefined && member !== null);
    } catch {
      return true;
    }
  };
  const expires = numberIn(row.expires_at_ms);
  return (
    isText(row.scope) &&
    (row.scope as string).split(' ').includes('read') &&
    row.revoked_at_ms === null &&
    expires > Date.now() &&
    (row.user_id === null || row.user_id === 'alice') &&
    (row.audience === null || (isText(row.audience) && (row.audience as string).replace(/\s/g, '') === '[]')) &&
    !isBound()
  );
}

const GOOD: Row = {
  ...{ scope: 'read', payload: null, audience: null, user_id: 'alice', created_at_ms: NOW - 1000 },
  ...{ expires_at_ms: NOW + 86_400_000, revoked_at_ms: null },
};

describe.each(databaseKinds())('rows of access tokens on %s', (kind) => {
  const observed = new Observed();
  let database: FreshDatabase;
  let oauth2: OAuth2;
  let server: InMemoryServer;
  let canary: string;
  let count = 0;
  let secrets: Secrets;

  beforeAll(async () => {
    observed.start();
    database = await freshDatabase(kind);
    oauth2 = createOAuth2({
      database: database.url,
      scopes: { read: 'Read', write: 'Write' },
      users: { findById: (id: string) => (id === 'alice' ? { id } : undefined), isActive: () => true },
      opaqueTokens: { unchecked: 'accept' },
      logger: observed.logger,
      throttling: { failedAuthentication: null },
    });
    await oauth2.migrate();
    const { application } = await oauth2.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
    // Without the prefix, and so without check characters.
    canary = (
      await oauth2.tokens.issue({ user: 'alice', application: application.clientId, scope: 'read' })
    ).access_token.slice(4);
    secrets = new Secrets([canary]);
    const koa = oauth2.createKoaServer({ controllers: [BookController] });
    koa.silent = true;
    server = new InMemoryServer(koa.callback());
  });

  afterAll(async () => {
    observed.stop();
    server.close();
    await oauth2.close();
    await database.drop();
  });

  async function answerFor(row: Row): Promise<number> {
    // Another token each time, so that no answer comes from the cache.
    count += 1;
    const token = `${canary}${count}`;
    await oauth2.knex('oauth2_access_tokens').update({ ...GOOD, ...row, token_hash: sha256(token) });
    const { status, text, fields } = await server.send({
      requestLine: 'GET /books',
      fields: [`Authorization: Bearer ${token}`],
    });
    secrets.expectNone(text + fields('www-authenticate').join(), 'the answer');
    secrets.expectNone(observed.take(), 'the log');
    return status;
  }

  test('[RS-6] only a row that says so without doubt admits its token; any other is 401 or 403, and never an error', async () => {
    const seen = new Map<number, number>();
    await forInputsAsync(
      fc.asyncProperty(rowsOf(kind, COLUMNS), async (given) => {
        const status = await answerFor(given);
        seen.set(status, (seen.get(status) ?? 0) + 1);
        if (status === 200 && !isGood({ ...GOOD, ...given })) throw new Error(`Admitted: ${described(given)}`);
        if (![200, 401, 403].includes(status)) throw new Error(`${status} for ${described(given)}`);
      }),
      SHARES[kind],
    );
    expect(observed.uncaught).toEqual([]);
    for (const status of [200, 401, 403]) expect([status, (seen.get(status) ?? 0) > 0]).toEqual([status, true]);
  });

  test('[ALL-79] whatever stands in the table of revocations, a token that is not covered without doubt may go on, and nothing fails', async () => {
    const { id } = await oauth2.knex('oauth2_access_tokens').first('id');
    const revocation = {
      user_id: textColumn(['alice', 'bob'], { width: 255, nullable: true }),
      access_through_id: { takes: 'number', values: fc.constantFrom(0, -1, Number(id), 2 ** 40) },
      refresh_through_id: { takes: 'number', values: fc.constantFrom(0, -1, 2 ** 40) },
      created_at_ms: timeColumn(),
    } as const satisfies Columns;
    const seen = new Map<number, number>();
    await forInputsAsync(
      fc.asyncProperty(rowsOf(kind, revocation), async (given) => {
        const row = { user_id: 'bob', access_through_id: id, refresh_through_id: 0, created_at_ms: NOW, ...given };
        await oauth2.knex('oauth2_revocations').insert(row);
        const status = await answerFor({});
        await oauth2.knex('oauth2_revocations').delete();
        seen.set(status, (seen.get(status) ?? 0) + 1);
        const isThrough = numberIn(row.access_through_id) >= Number(id);
        const covers = isThrough && (row.user_id === null || row.user_id === 'alice');
        if (covers && status !== 401) throw new Error(`Admitted under ${described(given)}`);
        if (![200, 401].includes(status)) throw new Error(`${status} for ${described(given)}`);
      }),
      SHARES[kind] / 5,
    );
    expect(observed.uncaught).toEqual([]);
    for (const status of [200, 401]) expect([status, (seen.get(status) ?? 0) > 0]).toEqual([status, true]);
  });
});
