import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../../src/core/digest.js';
import {
  bytesColumn,
  type Columns,
  jsonColumn,
  NOW,
  type Row,
  referenceColumn,
  rowsOf,
  textColumn,
  timeColumn,
} from '../../support/bad-input/rows.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import {
  CHALLENGE,
  DEVICE_CODE,
  described,
  isBound,
  numberIn,
  objectIn,
  REDIRECT_URI,
  Shop,
  VERIFIER,
  wordsIn,
} from '../../support/bad-input/shop.js';
import { databaseKinds } from '../../support/services.js';
import type { RawReply } from '../../support/spec/http.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Each input is some statements and a request through oidc-provider. */
const SHARES = { sqlite: 0.03, mariadb: 0.004, postgres: 0.004 };

const DAY = 86_400_000;
const JKT = 'k'.repeat(43);

/** What a family of tokens can be issued for. */
interface Source {
  readonly name: string;
  readonly table: string;
  readonly hash: string;
  readonly columns: (good: Row) => Columns;
  readonly form: (value: string) => Readonly<Record<string, string>>;
  /** Whether a row says, without doubt, that its application gets a token of alice's for it, now. */
  readonly isGood: (row: Row) => boolean;
}

const ODD = [
  ...[`{"jkt":"${JKT}"}`, '{"jkt":5}', '{"jkt":""}', `{"cnf":{"jkt":"${JKT}"}}`, '{"cnf":{}}', `{"x5t#S256":"${JKT}"}`],
  ...[
    '{"accountId":"bob"}',
    '{"clientId":"x"}',
    '{"scope":"write"}',
    '{"grantId":"x"}',
    '{"exp":1e300}',
    '{"kind":"x"}',
  ],
  ...['{"claims":5}', '{"claims":{"id_token":5}}', '{"resource":5}', '{"resource":[{}]}', '{"amr":5}', '{"gty":5}'],
  ...['{"scope":{}}', '{"nonce":{}}', '{"consumed":1}', '{"error":5}', '{"params":5}', '{"rar":5}', '{"__proto__":{}}'],
];

/** What belongs to the code in a payload. */
const withPkce = (json: string) => JSON.stringify({ codeChallengeMethod: 'S256', ...JSON.parse(json) });

const isOfAlice = (good: Row, row: Row) =>
  numberIn(row.application_id) === numberIn(good.application_id) &&
  row.user_id === 'alice' &&
  row.family_id === good.family_id &&
  typeof row.scope === 'string' &&
  numberIn(row.expires_at_ms) > Date.now() &&
  Number.isFinite(numberIn(row.created_at_ms));

describe.each(databaseKinds())('rows that tokens are issued for, on %s', (kind) => {
  const shop = new Shop();
  const share = SHARES[kind];
  let applications: readonly number[] = [];
  /** A row of each table that is good. */
  const good = new Map<string, Row & { readonly id: number }>();
  const goodOf = (table: string) => good.get(table) as Row & { readonly id: number };
  const CODES = 'oauth2_authorization_codes';
  const REFRESH_TOKENS = 'oauth2_refresh_tokens';
  const DEVICE_CODES = 'oauth2_device_codes';
  const RECORDS = 'oauth2_server_records';
  const ACCESS_TOKENS = 'oauth2_access_tokens';
  // Another one each time, of which this is a part.
  const canary = randomBytes(24).toString('base64url');
  let count = 0;

  beforeAll(async () => {
    await shop.start(kind);
    const { oauth2 } = shop;
    const { application } = await oauth2.applications.create({ name: 'Other', grantTypes: ['client_credentials'] });
    const browser = await shop.signedIn('alice');
    const answer = await shop.form('/oauth2/token', {
      ...{ grant_type: 'authorization_code', redirect_uri: REDIRECT_URI, code_verifier: VERIFIER },
      code: await shop.codeFrom(browser),
    });
    expect(answer.status).toBe(200);
    await shop.form('/oauth2/device_authorization', { scope: 'read' });
    const ends = { expires_at_ms: NOW + DAY };
    const grant = await shop.lastRow(RECORDS, { kind: 'Grant' });
    good.set(RECORDS, { ...grant, ...ends });
    const code = await shop.lastRow(CODES);
    good.set(CODES, { ...code, ...ends, consumed_at_ms: null });
    good.set(REFRESH_TOKENS, { ...(await shop.lastRow(REFRESH_TOKENS)), ...ends, family_expires_at_ms: NOW + DAY });
    good.set(ACCESS_TOKENS, { ...(await shop.lastRow(ACCESS_TOKENS)), ...ends });
    // As it is when alice has said yes.
    const decided = { scope: 'read', user_id: 'alice', family_id: code.family_id, decided_at_ms: NOW };
    good.set(DEVICE_CODES, { ...(await shop.lastRow(DEVICE_CODES)), ...ends, ...decided });
    applications = [numberIn(code.application_id), application.id];
    shop.keepSecret(canary);
  });

  afterAll(() => shop.close());

  const restored = async (table: string, row: Row = {}) => {
    const { id, ...columns } = goodOf(table);
    await shop.oauth2
      .knex(table)
      .where('id', id)
      .update({ ...columns, ...row });
    // As it is read: a database may have made something else of it.
    return shop.row(table, id);
  };
  const common = (payload: readonly string[]): Columns => ({
    application_id: referenceColumn(() => applications, false),
    scope: textColumn(['read', 'write', 'read write', 'reads', '']),
    expires_at_ms: timeColumn(),
    created_at_ms: timeColumn(),
    payload: jsonColumn(payload, ODD),
  });
  const user = textColumn(['alice', 'bob', ''], { width: 255 });
  const family = () => textColumn([String(goodOf(CODES).family_id)], { width: 22 });

  const SOURCES: readonly Source[] = [
    {
      name: 'an authorization code',
      table: CODES,
      hash: 'code_hash',
      columns: (row) => ({
        ...common([String(row.payload), ...ODD.map(withPkce)]),
        user_id: user,
        family_id: family(),
        redirect_uri: textColumn([REDIRECT_URI, `${REDIRECT_URI}/`], { nullable: true }),
        code_challenge: textColumn([CHALLENGE, VERIFIER], { width: 128, nullable: true }),
        consumed_at_ms: timeColumn(true),
      }),
      form: (code) => ({
        ...{ grant_type: 'authorization_code', redirect_uri: REDIRECT_URI, code_verifier: VERIFIER, code },
      }),
      isGood(row) {
        const payload = objectIn(row.payload);
        return (
          isOfAlice(goodOf(CODES), row) &&
          row.redirect_uri === REDIRECT_URI &&
          row.code_challenge === CHALLENGE &&
          row.consumed_at_ms === null &&
          payload?.codeChallengeMethod === 'S256' &&
          !isBound(payload)
        );
      },
    },
    {
      name: 'a refresh token',
      table: REFRESH_TOKENS,
      hash: 'token_hash',
      columns: (row) => ({
        ...common([String(row.payload), '{}']),
        application_id: referenceColumn(() => applications, true),
        user_id: { ...user, nullable: true },
        family_id: family(),
        audience: jsonColumn(['["https://api.example"]'], []),
        family_expires_at_ms: timeColumn(),
        revoked_at_ms: timeColumn(true),
        rotated_at_ms: timeColumn(true),
        successor_salt: textColumn(['salt'], { width: 43, nullable: true }),
      }),
      form: (token) => ({ grant_type: 'refresh_token', refresh_token: token }),
      isGood(row) {
        const payload = objectIn(row.payload);
        return (
          isOfAlice(goodOf(REFRESH_TOKENS), row) &&
          numberIn(row.family_expires_at_ms) > Date.now() &&
          row.revoked_at_ms === null &&
          row.rotated_at_ms === null &&
          payload !== undefined &&
          !isBound(payload)
        );
      },
    },
    {
      name: 'a device code',
      table: DEVICE_CODES,
      hash: 'device_code_hash',
      columns: (row) => ({
        ...common([String(row.payload), '{}']),
        user_id: { ...user, nullable: true },
        family_id: { ...family(), nullable: true },
        user_code_hash: bytesColumn([randomBytes(32)], 32),
        claimed_at_ms: timeColumn(true),
        decided_at_ms: timeColumn(true),
        consumed_at_ms: timeColumn(true),
      }),
      form: (code) => ({ grant_type: DEVICE_CODE, device_code: code }),
      isGood(row) {
        const payload = objectIn(row.payload);
        return (
          isOfAlice(goodOf(DEVICE_CODES), row) &&
          row.consumed_at_ms === null &&
          payload !== undefined &&
          !isBound(payload) &&
          (payload.error === undefined || payload.error === null)
        );
      },
    },
  ];

  async function presented({ table, hash }: Source, row: Row): Promise<{ readonly value: string; readonly row: Row }> {
    count += 1;
    const value = `${canary}${count}`;
    return { value, row: await restored(table, { ...row, [hash]: sha256(value) }) };
  }

  /** The scope of the token that it was answered with, if it was; that is of what the row says, and was granted. */
  function issuedScope(reply: RawReply, row: Row, changed: Row): string | undefined {
    if (reply.status !== 200) {
      if (reply.status !== 400 && reply.status !== 401) throw new Error(`${reply.status} for ${described(changed)}`);
      return undefined;
    }
    const { scope = '', token_type: type } = JSON.parse(reply.text);
    const isWithin = scope === '' || (scope === 'read' && wordsIn(row.scope).includes('read'));
    if (!isWithin || type !== 'Bearer') throw new Error(`Issued: ${scope} for ${described(changed)}`);
    return scope;
  }

  test.each(SOURCES)(
    '[ALL-79] only a row that says so without doubt is exchanged for a token: $name',
    async (source) => {
      const seen = { issued: 0, refused: 0 };
      const columns = source.columns(goodOf(source.table));
      await forInputsAsync(
        fc.asyncProperty(rowsOf(kind, columns), async (changed) => {
          await restored(RECORDS);
          const { value, row } = await presented(source, changed);
          const isGood = source.isGood(row);
          const scope = issuedScope(await shop.form('/oauth2/token', source.form(value)), row, changed);
          if (scope !== undefined && !isGood) throw new Error(`Issued for ${described(changed)}`);
          seen[scope === undefined ? 'refused' : 'issued'] += 1;
        }),
        share,
      );
      expect([seen.issued > 0, seen.refused > 0, shop.observed.uncaught]).toEqual([true, true, []]);
    },
  );

  test('[ALL-79] only a grant that says so without doubt lets its code, refresh token or device code be exchanged', async () => {
    const seen = { issued: 0, refused: 0 };
    const row = goodOf(RECORDS);
    const payload = JSON.parse(String(row.payload));
    const changedPayloads = [
      ...[{ openid: { scope: 'write' } }, { openid: { scope: 5 } }, { openid: 5 }, { openid: { scope: [] } }],
      ...[{ accountId: 'bob' }, { accountId: 5 }, { clientId: 'x' }, { exp: 1 }, { exp: 'x' }, { iat: {} }],
      ...[{ rejected: { openid: { scope: 'read' } } }, { rejected: 5 }, { resources: 5 }, { rar: {} }, { kind: 'x' }],
      ...[{ resources: { 'https://api.example': 5 } }, { openid: { scope: 'read', claims: 5 } }, { jti: 5 }],
    ].map((members) => JSON.stringify({ ...payload, ...members }));
    const columns: Columns = {
      application_id: referenceColumn(() => applications, true),
      user_id: { ...user, nullable: true },
      family_id: { ...family(), nullable: true },
      uid_hash: bytesColumn([randomBytes(32)], 32, true),
      expires_at_ms: timeColumn(true),
      created_at_ms: timeColumn(),
      updated_at_ms: timeColumn(),
      consumed_at_ms: timeColumn(true),
      revoked_at_ms: timeColumn(true),
      payload: jsonColumn([String(row.payload), ...changedPayloads], changedPayloads),
    };
    const isGood = (one: Row, scope: string) => {
      const { openid, rejected, accountId, clientId, exp } = (objectIn(one.payload) ?? {}) as Record<string, unknown>;
      return (
        numberIn(one.expires_at_ms) > Date.now() &&
        one.revoked_at_ms === null &&
        // What was refused again, or not granted at all, is in no token.
        (scope === '' ||
          (wordsIn((openid as { readonly scope?: unknown } | undefined)?.scope).includes(scope) &&
            !JSON.stringify(rejected ?? {}).includes(scope))) &&
        accountId === 'alice' &&
        clientId === shop.clientId &&
        numberIn(exp) > Date.now() / 1000
      );
    };
    await forInputsAsync(
      fc.asyncProperty(rowsOf(kind, columns), fc.constantFrom(...SOURCES), async (changed, source) => {
        const { value, row: presentedRow } = await presented(source, {});
        const stored = await restored(RECORDS, changed);
        const scope = issuedScope(await shop.form('/oauth2/token', source.form(value)), presentedRow, changed);
        if (scope !== undefined && !isGood(stored, scope)) throw new Error(`Issued under ${described(changed)}`);
        seen[scope === undefined ? 'refused' : 'issued'] += 1;
      }),
      share,
    );
    expect([seen.issued > 0, seen.refused > 0, shop.observed.uncaught]).toEqual([true, true, []]);
  });

  const INTROSPECTED: readonly Source[] = [
    SOURCES[1] as Source,
    {
      name: 'an access token',
      table: ACCESS_TOKENS,
      hash: 'token_hash',
      columns: (row) => ({
        ...common([String(row.payload), '{}']),
        application_id: referenceColumn(() => applications, true),
        user_id: { ...user, nullable: true },
        family_id: { ...family(), nullable: true },
        revoked_at_ms: timeColumn(true),
      }),
      form: () => ({}),
      isGood(row) {
        const payload = objectIn(row.payload);
        return (
          numberIn(row.application_id) === numberIn(goodOf(ACCESS_TOKENS).application_id) &&
          [null, 'alice', 'bob'].includes(row.user_id as string | null) &&
          numberIn(row.expires_at_ms) > Date.now() &&
          row.revoked_at_ms === null &&
          payload !== undefined &&
          !isBound(payload)
        );
      },
    },
  ];

  test.each(INTROSPECTED)(
    '[ALL-79] introspection says of no row that it is active unless it says so without doubt, and never fails: $name',
    async (source) => {
      const seen = { active: 0, inactive: 0 };
      const columns = source.columns(goodOf(source.table));
      await forInputsAsync(
        fc.asyncProperty(rowsOf(kind, columns), async (changed) => {
          await restored(RECORDS);
          const { value, row } = await presented(source, changed);
          const reply = await shop.form('/oauth2/introspect', { token: value });
          const { active, cnf } = JSON.parse(reply.text);
          if (reply.status !== 200 || typeof active !== 'boolean') throw new Error(`${reply.status} ${reply.text}`);
          // It says of a bound one what that is bound to.
          const unbound = { ...row, payload: cnf === undefined ? row.payload : null };
          if (active && !source.isGood(unbound)) throw new Error(`Active: ${described(changed)}`);
          seen[active ? 'active' : 'inactive'] += 1;
        }),
        share,
      );
      expect([seen.active > 0, seen.inactive > 0, shop.observed.uncaught]).toEqual([true, true, []]);
    },
  );
});
