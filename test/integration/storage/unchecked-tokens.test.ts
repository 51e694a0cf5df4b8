import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../src/core/digest.js';
import { silentLogger } from '../../../src/core/logger.js';
import {
  createOAuth2,
  InvalidTokenError,
  type OAuth2,
  type OAuth2Options,
  RefreshToken,
} from '../../../src/public/index.js';
import { admitUncheckedTokens, MIGRATIONS_TABLE, migrate, rollback } from '../../../src/storage/index.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

const IDENTITY = 'oauth2_database_identity';

describe.each(databaseKinds())('tokens from before there were check characters, on %s', (kind) => {
  let fresh: FreshDatabase;
  let first: OAuth2;
  let clientId: string;
  const opened: OAuth2[] = [];
  const said: string[] = [];

  /** A process on the database. */
  async function open(options: Partial<OAuth2Options> = {}): Promise<OAuth2> {
    const write = (line: string) => void said.push(line);
    const logger = { info: write, warn: write, error: write };
    const oauth2 = createOAuth2({ database: fresh.url, logger, ...options });
    opened.push(oauth2);
    await oauth2.ready();
    return oauth2;
  }

  /** A token as an older version issues it, or an import brings it: any text, of which the digest is stored. */
  async function oldToken(token = randomBytes(32).toString('base64url')): Promise<string> {
    const { model } = await first.tokens.issue({ application: clientId, scope: 'read' });
    await first.models.AccessToken.query(first.knex)
      .findById(model.id)
      .patch({ tokenHash: sha256(token) });
    return token;
  }

  /** Leaves one refresh token without an access token, as clearing expired ones does. */
  async function keepOneRefreshToken({ tokens, models, knex }: OAuth2, application: string): Promise<void> {
    const { model } = await tokens.issue({ application, scope: 'read' });
    const { tokenHash, applicationId, scope, createdAtMilliseconds, expiresAtMilliseconds } = model;
    await models.RefreshToken.query(knex).insert({
      tokenHash,
      applicationId,
      userId: 'alice',
      scope,
      familyId: 'f'.repeat(22),
      createdAtMilliseconds,
      expiresAtMilliseconds,
      familyExpiresAtMilliseconds: expiresAtMilliseconds,
    });
    await models.AccessToken.query(knex).delete();
  }

  const isGood = async ({ tokens }: OAuth2, token: string) =>
    tokens.verify(token).then(
      () => true,
      (error: unknown) => {
        if (error instanceof InvalidTokenError) return false;
        throw error;
      },
    );

  beforeEach(async () => {
    said.length = 0;
    fresh = await freshDatabase(kind);
    first = createOAuth2({ database: fresh.url, logger: silentLogger });
    opened.push(first);
    await first.migrate();
    clientId = (await first.applications.create({ name: 'Old', grantTypes: ['client_credentials'] })).application
      .clientId;
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((oauth2) => oauth2.close()));
    await fresh.drop();
  });

  test('[RS-78] a database that this version created holds none, so they are refused', async () => {
    const token = await oldToken();
    expect(await isGood(await open(), token)).toBe(false);
    expect(said).toEqual([]);
    expect(await isGood(await open({ opaqueTokens: { unchecked: 'accept' } }), token)).toBe(true);
  });

  test('[RS-78] in a database of an older version they stay good after an upgrade, until an option says otherwise', async () => {
    await first.knex(MIGRATIONS_TABLE).where('name', '0012_checked_tokens').update({ batch: 2 });
    await rollback(first.knex);
    const [old, imported] = [await oldToken(), await oldToken('an-imported-token')];
    expect(await migrate(first.knex)).toEqual(['0012_checked_tokens']);
    const upgraded = await open();
    for (const token of [old, imported]) expect(await isGood(upgraded, token)).toBe(true);
    expect(said).toEqual([expect.stringContaining("opaqueTokens: { unchecked: 'refuse' }")]);
    expect(await isGood(await open({ opaqueTokens: { unchecked: 'refuse' } }), old)).toBe(false);
    // What it issues from now on is checked, and what an older process issues meanwhile is good.
    const { access_token: next } = await upgraded.tokens.issue({ application: clientId, scope: 'read' });
    expect(next).toMatch(/^rco_[\w-]{51}$/);
    expect([await isGood(upgraded, next), await isGood(upgraded, await oldToken())]).toEqual([true, true]);
    expect(await isGood(upgraded, `${next.slice(0, -1)}~`)).toBe(false);
  });

  test('[RS-78] so they do in one of a version that gave databases no identity', async () => {
    await first
      .knex(MIGRATIONS_TABLE)
      .whereIn('name', ['0004_database_identity', '0012_checked_tokens'])
      .update({ batch: 2 });
    await rollback(first.knex);
    const token = await oldToken();
    await migrate(first.knex);
    expect(await first.knex(IDENTITY).pluck('checked_since_ms')).toEqual([null]);
    expect(await isGood(await open(), token)).toBe(true);
  });

  test('[RS-78] so they do if only refresh tokens are left in it', async () => {
    await first
      .knex(MIGRATIONS_TABLE)
      .whereIn('name', ['0004_database_identity', '0012_checked_tokens'])
      .update({ batch: 2 });
    await rollback(first.knex);
    await keepOneRefreshToken(first, clientId);
    await migrate(first.knex);
    expect(await first.knex(IDENTITY).pluck('checked_since_ms')).toEqual([null]);
  });

  test("[RS-78] so they do if they are in the table of the host's own model", async () => {
    const own = await freshDatabase(kind);
    class ShopRefreshToken extends RefreshToken {
      static override tableName = 'shop_refresh_tokens';
    }
    const shop = createOAuth2({
      database: own.url,
      models: { RefreshToken: ShopRefreshToken },
      logger: silentLogger,
    });
    try {
      await shop.migrate();
      const { application } = await shop.applications.create({ name: 'Old', grantTypes: ['client_credentials'] });
      await shop.knex(IDENTITY).delete();
      await keepOneRefreshToken(shop, application.clientId);
      expect(await shop.knex('shop_refresh_tokens').pluck('user_id')).toEqual(['alice']);
      await shop.migrate();
      expect(await shop.knex(IDENTITY).pluck('checked_since_ms')).toEqual([null]);
    } finally {
      await shop.close();
      await own.drop();
    }
  });

  test('[RS-78] before the migration an upgraded process issues tokens as before, and refuses none', async () => {
    await first.knex(MIGRATIONS_TABLE).where('name', '0012_checked_tokens').update({ batch: 2 });
    await rollback(first.knex);
    const early = createOAuth2({ database: fresh.url, logger: silentLogger });
    opened.push(early);
    const { access_token: token } = await early.tokens.issue({ application: clientId, scope: 'read' });
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await isGood(early, token)).toBe(true);
    await early.migrate();
    expect((await early.tokens.issue({ application: clientId, scope: 'read' })).access_token).toMatch(/^rco_/);
    expect(await isGood(early, token)).toBe(true);
  });

  test('[IM-8] one that is revoked by the host right after an import is revoked, not taken for forged', async () => {
    const [token, running] = [await oldToken(), await open()];
    await admitUncheckedTokens(first.knex);
    expect(await running.tokens.revoke(token)).toBe(true);
    expect(await isGood(await open(), token)).toBe(false);
  });

  test('[IM-8] a process that refuses them notices an import, without a look-up for each that is presented', async () => {
    const [token, checked] = [await oldToken(), await open()];
    let offset = 0;
    const clock = { nowMilliseconds: () => Date.now(), monotonicMilliseconds: () => performance.now() + offset };
    const running = await open({ clock });
    const firm = await open({ opaqueTokens: { unchecked: 'refuse' }, clock });
    await admitUncheckedTokens(first.knex);
    expect([await isGood(running, token), await isGood(checked, token)]).toEqual([false, false]);
    offset = 30_001;
    while (!(await isGood(running, token))) await new Promise(setImmediate);
    expect([await isGood(checked, token), await isGood(firm, token)]).toEqual([false, false]);
    expect(await isGood(await open(), token)).toBe(true);
  });
});
