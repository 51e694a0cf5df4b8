import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { systemClock } from '../../../src/core/clock.js';
import { sha256 } from '../../../src/core/digest.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import {
  CodeRepository,
  ConsentRepository,
  FamilyRepository,
  GRANT_KIND,
  SESSION_KIND,
  ServerRecordRepository,
  SessionRepository,
  TokenRepository,
  TokenSearch,
} from '../../../src/storage/index.js';
import { Revocations } from '../../../src/storage/repositories/revocations.js';
import { type NotedStatement, notingDatabase } from '../../support/noted-statements.js';
import { type DatabaseKind, databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';
import { isOrderedByIndex, scansOf } from '../../support/statement-plans.js';

/** Enough that a database which has an index does not read everything instead. */
const ROWS = 20_000;
const USERS = 1_000;
const EXPIRED = 150;
const HOUR = 3_600_000;
const KINDS = databaseKinds().filter((kind) => kind !== 'sqlite');

/** A call of each public method of a repository; one that is missing does not compile. */
type Calls<Repository> = {
  readonly [Name in keyof Repository as Repository[Name] extends (...parameters: never[]) => unknown ? Name : never]: (
    repository: Repository,
  ) => Promise<unknown>;
};

const USER = 'u11';
const familyOf = (number: number) => `f${String(number).padStart(21, '0')}`;
const anew = () => randomBytes(32);
const now = Date.now();
const times = { createdAtMilliseconds: now, expiresAtMilliseconds: now + HOUR };
const record = (kind: string) => ({ kind, recordHash: anew(), expiresAtMilliseconds: now + HOUR, userId: USER });

const TOKENS: Calls<TokenRepository> = {
  insertAccessToken: (tokens) => tokens.insertAccessToken({ tokenHash: anew(), scope: 'read', ...times }),
  findAccessTokenByHash: (tokens) => tokens.findAccessTokenByHash(sha256('access-15000')),
  findRefreshTokenByHash: (tokens) => tokens.findRefreshTokenByHash(sha256('refresh-15000')),
  countLive: (tokens) => tokens.countLive(1_000),
  revokeAccessToken: (tokens) => tokens.revokeAccessToken(sha256('access-15001')),
  revokeFamily: (tokens) => tokens.revokeFamily(familyOf(21)),
  revokeFamiliesOf: async (tokens) => {
    for await (const _ of tokens.revokeFamiliesOf({ userId: 'u12' }));
    for await (const _ of tokens.revokeFamiliesOf({ sessionUidHash: sha256('session-13') }));
  },
  revokeAllOf: async (tokens) => {
    await (await tokens.revokeAllOf({ userId: 'u14' })).finished;
    await (await tokens.revokeAllOf({ userId: 'u15', applicationId: 3 })).finished;
  },
  listFor: async (tokens) => [
    await tokens.listFor(USER),
    await tokens.listFor(USER, { beforeId: 9_000 }),
    await tokens.listFor('heavy'),
  ],
  clearExpired: (tokens) => tokens.clearExpired({ batchSize: 100, pauseMilliseconds: 0, onProgress: () => undefined }),
};

/** A revocation of more tokens than are revoked together; what it does is the same for any number. */
const REVOCATIONS: Calls<Revocations> = {
  isLarge: (revocations) => revocations.isLarge({ userId: 'u16' }),
  begin: (revocations) => revocations.begin({ userId: 'u16' }),
  revokeGrants: (revocations) => revocations.revokeGrants({ userId: 'u17' }),
  extend: async (revocations) => revocations.extend(await revocations.begin({ userId: 'u18' })),
  count: async (revocations) => revocations.count(await revocations.begin({ userId: 'u19' })),
  finish: async (revocations) => revocations.finish(await revocations.begin({ userId: 'u20' })),
  finishAll: (revocations) => revocations.finishAll(),
};

const FAMILIES: Calls<FamilyRepository> = {
  findAccessToken: (families) => families.findAccessToken(sha256('access-15000')),
  findRefreshToken: (families) => families.findRefreshToken(sha256('refresh-15000')),
  exchange: async (families) => {
    const token = { tokenHash: anew(), scope: 'read', ...times };
    const refreshToken = { ...token, tokenHash: anew(), familyExpiresAtMilliseconds: now + HOUR };
    const successor = { successorSalt: 's', graceMilliseconds: 60_000, successorHashes: () => [anew()] };
    // Families of tokens whose numbers are theirs.
    await families.exchange(
      { familyId: familyOf(30), accessTokens: [token], refreshToken },
      {
        kind: 'refresh_token',
        hash: sha256('refresh-18030'),
        ...successor,
      },
    );
    // Again: a token that was rotated already has its successor looked up.
    await families.exchange(
      { familyId: familyOf(30), accessTokens: [] },
      {
        kind: 'refresh_token',
        hash: sha256('refresh-18030'),
        ...successor,
      },
    );
    for (const kind of ['authorization_code', 'device_code'] as const) {
      await families.exchange({ familyId: familyOf(31), accessTokens: [] }, { kind, hash: sha256('code-15000') });
    }
  },
};

const CODES: Calls<CodeRepository> = {
  insertAuthorizationCode: (codes) =>
    codes.insertAuthorizationCode({
      ...{ codeHash: anew(), applicationId: 1, userId: USER, scope: 'read', redirectUri: null, codeChallenge: null },
      ...{ familyId: familyOf(1), payload: null, ...times },
    }),
  findAuthorizationCode: (codes) => codes.findAuthorizationCode(sha256('code-16000')),
  deleteAuthorizationCode: (codes) => codes.deleteAuthorizationCode(sha256('code-16001')),
  insertDeviceCode: async (codes) => {
    const code = { applicationId: 1, scope: 'read', payload: null, ...times };
    // The user code of one that has expired, so that it is deleted.
    await codes.insertDeviceCode({ ...code, deviceCodeHash: anew(), userCodeHash: sha256('user-code-1') });
  },
  findDeviceCode: (codes) => codes.findDeviceCode(sha256('code-16000')),
  findDeviceCodeByUserCode: (codes) => codes.findDeviceCodeByUserCode([sha256('user-code-16000'), anew()]),
  advanceDeviceCode: (codes) =>
    codes.advanceDeviceCode(sha256('code-16002'), {
      ...{ step: 'claimed', userId: USER, scope: 'read', familyId: familyOf(1), payload: null },
    }),
  deleteDeviceCode: (codes) => codes.deleteDeviceCode(sha256('code-16003')),
};

const RECORDS: Calls<ServerRecordRepository> = {
  find: (records) => records.find(GRANT_KIND, sha256(familyOf(40))),
  findByUid: (records) => records.findByUid(GRANT_KIND, sha256('session-40')),
  insert: (records) => records.insert(record('Interaction')),
  save: (records) => records.save(record('Interaction')),
  update: (records) => records.update({ ...record(GRANT_KIND), recordHash: sha256(familyOf(41)) }),
  replace: (records) => records.replace(sha256(familyOf(42)), record(GRANT_KIND)),
  consume: (records) => records.consume(GRANT_KIND, sha256(familyOf(43))),
  revoke: (records) => records.revoke(GRANT_KIND, sha256(familyOf(44))),
  delete: (records) => records.delete(GRANT_KIND, sha256(familyOf(45))),
};

const SESSIONS: Calls<SessionRepository> = {
  mark: (sessions) => sessions.mark(),
  hasEnded: (sessions) => sessions.hasEnded({ uidHash: sha256('session-50'), userId: 'u50', mark: 5 }),
  end: (sessions) => sessions.end(sha256('session-51')),
  endAllOf: async (sessions) => [await sessions.endAllOf('u52'), await sessions.endAllOf('u53', sha256('session-53'))],
  listFor: async (sessions) => [
    await sessions.listFor('u54'),
    await sessions.listFor('u54', { after: sha256('session-54') }),
  ],
  find: (sessions) => sessions.find(sha256('session-55')),
};

const CONSENTS: Calls<ConsentRepository> = {
  find: (consents) => consents.find('u60', 1),
  remember: (consents) => consents.remember('u61', 1, ['write']),
  rememberUnasked: (consents) => consents.rememberUnasked('u62', 1, ['write']),
  list: (consents) => consents.list('u63'),
  withdraw: (consents) => consents.withdraw('u64', 1),
};

const SEARCHES: Calls<TokenSearch> = {
  search: async (search) => [
    await search.search({ clientId: 'application-3' }),
    await search.search({ clientId: 'former' }, { before: { access: 9_000, refresh: 9_000 } }),
    await search.search({ userId: USER, kind: 'access' }),
    await search.search({ userId: USER, clientId: 'application-3' }),
    await search.search({ hashPrefix: 'abcd' }),
  ],
  find: (search) => search.find('refresh', 15_000),
};

describe.each(KINDS)('with many rows, on %s', (kind) => {
  let fresh: FreshDatabase;
  let oauth2: OAuth2;
  let statements: Map<string, NotedStatement>;

  beforeAll(async () => {
    fresh = await freshDatabase(kind);
    const noting = notingDatabase(fresh.url);
    statements = noting.statements;
    oauth2 = createOAuth2({ database: noting.configuration, opaqueTokens: { unchecked: 'accept' } });
    await oauth2.migrate();
    await fill(oauth2.knex, kind);
    statements.clear();
  }, 120_000);

  afterAll(async () => {
    await oauth2.close();
    await fresh.drop();
  });

  /** The statements that a piece of work sends, and that are about rows. */
  async function sentBy(work: () => Promise<unknown>): Promise<NotedStatement[]> {
    statements.clear();
    await work();
    return [...statements.values()];
  }

  async function scans(sent: readonly NotedStatement[]): Promise<string[]> {
    const found: string[] = [];
    for (const statement of sent) found.push(...(await scansOf(oauth2.knex, statement)));
    return found;
  }

  const tokens = () => new TokenRepository(oauth2.models);
  const everyCall = [
    ['TokenRepository', TOKENS, tokens],
    ['Revocations', REVOCATIONS, () => new Revocations(oauth2.models, systemClock)],
    ['FamilyRepository', FAMILIES, () => new FamilyRepository(oauth2.models, tokens())],
    ['CodeRepository', CODES, () => new CodeRepository(oauth2.models)],
    ['ServerRecordRepository', RECORDS, () => new ServerRecordRepository(oauth2.models)],
    ['SessionRepository', SESSIONS, () => new SessionRepository(oauth2.models)],
    ['ConsentRepository', CONSENTS, () => new ConsentRepository(oauth2.models)],
    ['TokenSearch', SEARCHES, () => new TokenSearch(oauth2.models)],
  ] as const;

  test.each(
    everyCall.flatMap(([name, calls, open]) =>
      Object.entries(calls).map(([method, call]) => [`${name}.${method}`, open, call] as const),
    ),
  )('no statement of %s reads a table from one end to the other', async (_, open, call) => {
    const sent = await sentBy(() => (call as (repository: unknown) => Promise<unknown>)(open()));
    expect(sent).not.toHaveLength(0);
    expect(await scans(sent)).toEqual([]);
  });

  test('no statement of a guard, of issuing, of revoking or of the commands reads a table from one end to the other', async () => {
    const sent = await sentBy(async () => {
      const issued = await oauth2.tokens.issue({ application: 'application-3', user: USER, scope: 'read' });
      await oauth2.tokens.verify(issued.access_token);
      await oauth2.tokens.inspect('access-15003');
      await oauth2.tokens.revoke('access-15004');
      await oauth2.tokens.revoke('refresh-15005');
      await oauth2.tokens.revokeAllOf({ user: 'u70' });
      await oauth2.sessions.listFor('u71');
      await oauth2.applications.disable('application-9');
      await oauth2.applications.delete('application-9');
    });
    expect(sent.length).toBeGreaterThan(8);
    expect(await scans(sent)).toEqual([]);
  });

  test('the newest tokens of an owner are taken from an index in their order, however many there are', async () => {
    const search = new TokenSearch(oauth2.models);
    const sent = await sentBy(async () => {
      await tokens().listFor('heavy');
      await search.search({ userId: 'heavy' });
      await search.search({ clientId: 'former' });
    });
    const ofTokens = sent.filter(({ sql }) => /from [`"]oauth2_(?:access|refresh)_tokens/.test(sql));
    expect(ofTokens).toHaveLength(5);
    for (const statement of ofTokens) {
      expect([statement.sql, await isOrderedByIndex(oauth2.knex, statement)]).toEqual([statement.sql, true]);
    }
  });

  test('a statement that no index serves would be noticed', async () => {
    const quote = kind === 'postgres' ? '"' : '`';
    const table = `${quote}oauth2_access_tokens${quote}`;
    for (const sql of [
      `select id from ${table} where audience = 'x'`,
      `select id from ${table} where audience = 'x' order by id desc limit 5`,
    ]) {
      expect(await scans([{ sql, values: [] }])).toEqual([`oauth2_access_tokens: ${sql}`]);
    }
  });
});

/** Rows that the database makes itself: some have expired; one user and one application have many, none of the newest. */
async function fill(knex: Knex, kind: DatabaseKind): Promise<void> {
  const isPostgres = kind === 'postgres';
  const numbers = isPostgres
    ? `(SELECT generate_series(1, ${ROWS}) AS n) AS numbers`
    : `(SELECT seq AS n FROM seq_1_to_${ROWS}) AS numbers`;
  const digest = (prefix: string) =>
    isPostgres ? `sha256(CAST('${prefix}' || n AS bytea))` : `UNHEX(SHA2(CONCAT('${prefix}', n), 256))`;
  const named = (prefix: string, number: string) => `CONCAT('${prefix}', ${number})`;
  const family = "CONCAT('f', LPAD(CONCAT('', n % 2000), 21, '0'))";
  const familyDigest = isPostgres ? `sha256(CAST(${family} AS bytea))` : `UNHEX(SHA2(${family}, 256))`;
  const expires = `CASE WHEN n <= ${EXPIRED} THEN ${now - HOUR} + n ELSE ${now + HOUR} + n END`;
  const user = `CASE WHEN n % 50 = 1 AND n < ${ROWS / 2} THEN 'heavy' ELSE ${named('u', `n % ${USERS}`)} END`;
  const application = `CASE WHEN n % 50 = 2 AND n < ${ROWS / 2} THEN 10 WHEN n % 10 < 3 THEN 2 ELSE 1 + n % 8 END`;
  for (let id = 1; id <= 10; id += 1) {
    await knex('oauth2_applications').insert({
      ...{
        client_id: id === 10 ? 'former' : `application-${id}`,
        name: `Application ${id}`,
        client_type: 'confidential',
      },
      ...{ grant_types: 'client_credentials', redirect_uris: '', scope: 'read', skip_authorization: false },
      ...{ created_at_ms: now, updated_at_ms: now },
    });
  }
  const columns = 'application_id, user_id, scope, expires_at_ms, created_at_ms, family_id';
  const values = `${application}, ${user}, 'read', ${expires}, ${now}, ${family}`;
  for (const statement of [
    `INSERT INTO oauth2_access_tokens (token_hash, ${columns}) SELECT ${digest('access-')}, ${values} FROM ${numbers}`,
    `INSERT INTO oauth2_refresh_tokens (token_hash, ${columns}, family_expires_at_ms, access_token_id)
     SELECT ${digest('refresh-')}, ${values}, ${now + HOUR}, n FROM ${numbers}`,
    `INSERT INTO oauth2_authorization_codes (code_hash, ${columns}) SELECT ${digest('code-')}, ${values} FROM ${numbers}`,
    `INSERT INTO oauth2_device_codes (device_code_hash, user_code_hash, ${columns})
     SELECT ${digest('code-')}, ${digest('user-code-')}, ${values} FROM ${numbers}`,
    `INSERT INTO oauth2_server_records (kind, record_hash, uid_hash, ${columns.replace('scope, ', '')}, updated_at_ms)
     SELECT '${GRANT_KIND}', ${familyDigest}, ${digest('session-')}, ${values.replace("'read', ", '')}, ${now} FROM ${numbers}
     WHERE n <= 2000`,
    `INSERT INTO oauth2_server_records (kind, record_hash, uid_hash, user_id, expires_at_ms, created_at_ms, updated_at_ms)
     SELECT '${SESSION_KIND}', ${digest('record-')}, ${digest('session-')}, ${named('u', `n % ${USERS}`)}, ${expires}, ${now}, ${now}
     FROM ${numbers}`,
    `INSERT INTO oauth2_consents (user_id, application_id, scope, created_at_ms, updated_at_ms)
     SELECT ${named('u', 'n')}, 1, 'read', ${now}, ${now} FROM ${numbers}`,
  ]) {
    await knex.raw(statement);
  }
  const tables = [
    'access_tokens',
    'refresh_tokens',
    'authorization_codes',
    'device_codes',
    'server_records',
    'consents',
  ];
  for (const table of tables) await knex.raw(`ANALYZE ${isPostgres ? '' : 'TABLE '}oauth2_${table}`);
}
