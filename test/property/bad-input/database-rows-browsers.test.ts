import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../../src/core/digest.js';
import type { Browser } from '../../support/bad-input/browser.js';
import { locationOf } from '../../support/bad-input/browser.js';
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
import { codeIn, described, numberIn, REQUEST, Shop, wordsIn } from '../../support/bad-input/shop.js';
import { databaseKinds } from '../../support/services.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Each input is some statements, and one to three requests. */
const SHARES = { sqlite: 0.02, mariadb: 0.003, postgres: 0.003 };

const CONSENTS = 'oauth2_consents';
const RECORDS = 'oauth2_server_records';

describe.each(databaseKinds())('rows that a browser depends on, on %s', (kind) => {
  const shop = new Shop();
  const share = SHARES[kind];
  let browser: Browser;
  let applications: readonly number[] = [];
  let ids: { readonly consent: number; readonly session: number };
  let consent: Row = {};
  let session: Row = {};

  beforeAll(async () => {
    await shop.start(kind);
    const { oauth2 } = shop;
    const { application } = await oauth2.applications.create({ name: 'Other', grantTypes: ['client_credentials'] });
    browser = await shop.signedIn('alice');
    await shop.codeFrom(browser);
    const [consentRow, sessionRow] = [await shop.lastRow(CONSENTS), await shop.lastRow(RECORDS, { kind: 'Session' })];
    ids = { consent: consentRow.id, session: sessionRow.id };
    consent = without(consentRow);
    session = without(sessionRow);
    applications = [Number(consentRow.application_id), application.id];
    shop.keepSecret(...browser.cookies.split('; ').map((cookie) => cookie.slice(cookie.indexOf('=') + 1)));
  });

  afterAll(() => shop.close());

  const written = async (table: string, id: number, row: Row) => {
    await shop.oauth2.knex(table).where('id', id).update(row);
    // As it is read: a database may have made something else of it.
    return shop.row(table, id);
  };
  const visited = (path: string) => shop.send({ requestLine: `GET ${path}`, fields: [`Cookie: ${browser.cookies}`] });
  const asked = (more: Readonly<Record<string, string>> = {}) =>
    visited(`/oauth2/authorize?${new URLSearchParams({ ...REQUEST, client_id: shop.clientId, ...more })}`);

  const CONSENT: Columns = {
    user_id: textColumn(['alice', 'bob'], { width: 255 }),
    application_id: referenceColumn(() => applications, false),
    scope: textColumn(['read', 'write', 'read write', 'reads', '']),
    unasked_scope: textColumn(['read', 'write'], { nullable: true }),
    created_at_ms: timeColumn(),
    updated_at_ms: timeColumn(),
  };

  test('[ALL-79] only a consent that says so without doubt spares alice the question, and none fails', async () => {
    await written(RECORDS, ids.session, session);
    const seen = { spared: 0, asked: 0 };
    await forInputsAsync(
      fc.asyncProperty(rowsOf(kind, CONSENT), async (changed) => {
        const row = await written(CONSENTS, ids.consent, { ...consent, ...changed });
        const isSpared = codeIn(await asked()) !== undefined;
        const isGood =
          row.user_id === 'alice' &&
          Number(row.application_id) === applications[0] &&
          wordsIn(row.scope).includes('read');
        if (isSpared && !isGood) throw new Error(`Not asked for ${described(changed)}`);
        seen[isSpared ? 'spared' : 'asked'] += 1;
      }),
      share,
    );
    expect([seen.spared > 0, seen.asked > 0, shop.observed.uncaught]).toEqual([true, true, []]);
  });

  test('[ALL-79] the list of the applications that alice has allowed shows what can be read of it, and does not fail', async () => {
    await written(RECORDS, ids.session, session);
    const seen = { shown: 0, not: 0 };
    await forInputsAsync(
      fc.asyncProperty(rowsOf(kind, CONSENT), async (changed) => {
        await written(CONSENTS, ids.consent, { ...consent, ...changed });
        const reply = await visited('/oauth2/authorized-applications');
        if (reply.status !== 200) throw new Error(`${reply.status} for ${described(changed)}`);
        seen[reply.text.includes('Shop') ? 'shown' : 'not'] += 1;
      }),
      share,
    );
    expect([seen.shown > 0, seen.not > 0, shop.observed.uncaught]).toEqual([true, true, []]);
  });

  test('[ALL-79] only a session that says so without doubt is one of alice, and none fails', async () => {
    await written(CONSENTS, ids.consent, consent);
    const other = await shop.lastRow(RECORDS, { kind: 'Grant' });
    const columns: Columns = {
      kind: textColumn(['Session', 'Interaction', 'Grant'], { width: 32 }),
      uid_hash: bytesColumn([randomBytes(32)], 32, true),
      user_id: textColumn(['alice', 'bob'], { width: 255, nullable: true }),
      family_id: textColumn(['f'.repeat(22)], { width: 22, nullable: true }),
      application_id: referenceColumn(() => applications, true),
      expires_at_ms: timeColumn(true),
      created_at_ms: timeColumn(),
      updated_at_ms: timeColumn(),
      consumed_at_ms: timeColumn(true),
      revoked_at_ms: timeColumn(true),
      begun_at_ms: timeColumn(true),
      browser: textColumn(['Firefox', '<b>'], { width: 64, nullable: true }),
      address: textColumn(['203.0.113.5'], { width: 64, nullable: true }),
      // That of another record is sealed for another place.
      payload: jsonColumn([String(session.payload), String(other.payload)], ['{"accountId":"alice"}']),
    };
    const seen = { in: 0, out: 0 };
    await forInputsAsync(
      fc.asyncProperty(rowsOf(kind, columns), async (changed) => {
        const row = await written(RECORDS, ids.session, { ...session, ...changed });
        const list = await visited('/oauth2/sessions');
        const silent = await asked({ prompt: 'none' });
        const isIn = list.status === 200 || codeIn(silent) !== undefined;
        const isGood = row.kind === 'Session' && row.payload === session.payload && row.revoked_at_ms === null;
        if (isIn && !isGood) throw new Error(`Signed in by ${described(changed)}`);
        seen[isIn ? 'in' : 'out'] += 1;
      }),
      share,
    );
    await written(RECORDS, ids.session, session);
    expect((await visited('/oauth2/sessions')).status).toBe(200);
    expect([seen.in > 0, seen.out > 0, shop.observed.uncaught]).toEqual([true, true, []]);
  });

  test('[ALL-79] only a pushed request that says so without doubt begins anything, and none fails', async () => {
    await written(RECORDS, ids.session, session);
    await written(CONSENTS, ids.consent, consent);
    const pushed = await shop.form('/oauth2/par', { ...REQUEST, client_id: shop.clientId });
    const { request_uri: uri } = JSON.parse(pushed.text);
    const kindOfPushed = 'PushedAuthorizationRequest';
    const { id, ...good } = await shop.lastRow(RECORDS, { kind: kindOfPushed });
    expect(good.record_hash).toEqual(sha256(uri.slice(uri.lastIndexOf(':') + 1)));
    const columns: Columns = {
      kind: textColumn([kindOfPushed, 'Grant'], { width: 32 }),
      user_id: textColumn(['bob'], { width: 255, nullable: true }),
      application_id: referenceColumn(() => applications, true),
      expires_at_ms: timeColumn(true),
      created_at_ms: timeColumn(),
      consumed_at_ms: timeColumn(true),
      revoked_at_ms: timeColumn(true),
      payload: jsonColumn([String(good.payload)], [`{"request":"e30.e30.","exp":${NOW}}`]),
    };
    const seen = { begun: 0, refused: 0 };
    await forInputsAsync(
      fc.asyncProperty(rowsOf(kind, columns), async (changed) => {
        const row = await written(RECORDS, id, { ...good, consumed_at_ms: null, ...changed });
        const query = new URLSearchParams({ client_id: shop.clientId, request_uri: uri });
        const reply = await visited(`/oauth2/authorize?${query}`);
        const isBegun = codeIn(reply) !== undefined || locationOf(reply).includes('/interaction/');
        const isGood =
          row.kind === kindOfPushed &&
          row.payload === good.payload &&
          row.consumed_at_ms === null &&
          row.revoked_at_ms === null;
        if (isBegun && !isGood) throw new Error(`Begun by ${described(changed)}`);
        seen[isBegun ? 'begun' : 'refused'] += 1;
      }),
      share,
    );
    expect([seen.begun > 0, seen.refused > 0, shop.observed.uncaught]).toEqual([true, true, []]);
  });

  test('[ALL-79] whatever stands in a record of the end of all sessions of alice, a new sign-in is answered', async () => {
    const before = await shop.lastRow(RECORDS);
    await shop.oauth2.sessions.endAllOf({ user: 'alice' });
    const { id, ...good } = await shop.lastRow(RECORDS, { kind: 'UserSessionsEnded' });
    expect(id).toBeGreaterThan(before.id);
    const columns: Columns = {
      uid_hash: bytesColumn([randomBytes(32)], 32, true),
      expires_at_ms: timeColumn(true),
      created_at_ms: timeColumn(),
      payload: jsonColumn(['{}'], []),
    };
    await forInputsAsync(
      fc.asyncProperty(rowsOf(kind, columns), async (changed) => {
        await written(RECORDS, id, { ...good, ...changed });
        // It is of a sign-in before, so this one stands.
        const fresh = await shop.signedIn('alice');
        const list = await fresh.visit('/oauth2/sessions');
        if (list.status !== 200) throw new Error(`${list.status} for ${described(changed)}`);
        if (numberIn(id) < 1) throw new Error('There is no record.');
      }),
      share / 5,
    );
    expect(shop.observed.uncaught).toEqual([]);
  });
});

function without({ id: _, ...row }: Row): Row {
  return row;
}
