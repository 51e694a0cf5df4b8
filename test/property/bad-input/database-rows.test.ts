import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../../src/core/digest.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { BookController } from '../../support/bad-input/guarded-books.js';
import { InMemoryServer } from '../../support/bad-input/in-memory.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { hostile, nearly } from '../../support/bad-input/texts.js';
import { type FreshDatabase, freshDatabase } from '../../support/services.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

const NOW = Date.now();
const JKT = 'k'.repeat(43);
const time = fc.oneof(
  fc.integer({ min: NOW - 5_000_000, max: NOW + 5_000_000 }),
  fc.constantFrom(0, -1, NOW * 1000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);
const scope = nearly(fc.constantFrom('read', 'write', 'read write', 'reads', 'read:all'));
const payload = fc.oneof(
  nearly(fc.constantFrom('{}', `{"jkt":"${JKT}"}`, `{"x5t#S256":"${JKT}"}`, `{"cnf":{"jkt":"${JKT}"}}`)),
  fc.json({ maxDepth: 3 }),
  fc.constantFrom(
    '{"jkt":1}',
    '{"jkt":[]}',
    '{"cnf":[]}',
    '{"cnf":{}}',
    '[]',
    '"x"',
    '1',
    '{"extra":{"acr":1,"amr":{},"auth_time":1e308}}',
  ),
);
const audience = fc.oneof(nearly(fc.constantFrom('["https://api.example"]', 'https://api.example', '[]')), fc.json());

/** Columns that every database lets somebody write. */
const columns = {
  scope,
  payload: fc.oneof(payload, fc.constant(null)),
  audience: fc.oneof(audience, fc.constant(null)),
  user_id: fc.oneof(nearly(fc.constantFrom('alice', 'bob')), fc.constant(null)),
  expires_at_ms: time,
  created_at_ms: time,
  revoked_at_ms: fc.oneof(time, fc.constant(null)),
};

/** In SQLite a column holds values of every type, whatever it was declared as; NaN is NULL there, which some refuse. */
const ofAnyType = fc.oneof(
  hostile,
  fc.double({ noNaN: true }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  payload.map((text) => Buffer.from(text)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

type Row = Partial<Record<keyof typeof columns, unknown>>;

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
  const expires = Number(row.expires_at_ms);
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

const GOOD: Required<Row> = {
  ...{ scope: 'read', payload: null, audience: null, user_id: 'alice', created_at_ms: NOW - 1000 },
  ...{ expires_at_ms: NOW + 86_400_000, revoked_at_ms: null },
};

describe.each(['sqlite', 'mariadb'] as const)('rows of access tokens on %s', (kind) => {
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

  const row = fc.record(columns, { requiredKeys: [] });
  const rows: fc.Arbitrary<Row> =
    kind === 'mariadb'
      ? // What MariaDB itself refuses to store is no row.
        row.map((one) =>
          Object.fromEntries(
            Object.entries(one).map(([name, value]) => [
              name,
              typeof value === 'string'
                ? Buffer.from(value)
                    .toString()
                    .slice(0, name === 'user_id' ? 60 : 9_000)
                : value,
            ]),
          ),
        )
      : fc.oneof(
          row,
          fc.dictionary(fc.constantFrom(...(Object.keys(columns) as (keyof Row)[])), ofAnyType, { maxKeys: 2 }),
        );

  test('[RS-6] only a row that says so without doubt admits its token; any other is 401 or 403, and never an error', async () => {
    const seen = new Map<number, number>();
    await forInputsAsync(
      fc.asyncProperty(rows, async (given) => {
        const status = await answerFor(given);
        seen.set(status, (seen.get(status) ?? 0) + 1);
        if (status === 200 && !isGood({ ...GOOD, ...given })) throw new Error(`Admitted: ${JSON.stringify(given)}`);
        if (![200, 401, 403].includes(status)) throw new Error(`${status} for ${JSON.stringify(given)}`);
      }),
      kind === 'sqlite' ? 1 : 0.05,
    );
    expect(observed.uncaught).toEqual([]);
    for (const status of [200, 401, 403]) expect([status, (seen.get(status) ?? 0) > 0]).toEqual([status, true]);
  });
});
