import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, newToken, openFixture, storeRefreshToken, storeToken } from './fixture.js';

describe.each(databaseKinds())('at rest on %s', (kind) => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture(kind);
  });

  afterAll(() => fixture.close());

  test('no column of any table holds a token or a secret in plain text', async () => {
    const { application, clientSecret } = await fixture.applications.create({
      name: 'demo',
      grantTypes: ['client_credentials'],
    });
    const rotated = await fixture.applications.rotateSecret(application.clientId);
    const access = newToken();
    const refresh = newToken();
    await storeToken(fixture, { tokenHash: access.hash, applicationId: application.id, userId: 'alice' });
    await storeRefreshToken(fixture, { tokenHash: refresh.hash, applicationId: application.id });

    const clear = [access.token, refresh.token, clientSecret as string, rotated as string];
    let cells = 0;
    for (const table of Object.values(fixture.tables)) {
      for (const row of await fixture.database.knex(table).select('*')) {
        for (const cell of Object.values(row as Record<string, unknown>)) {
          cells++;
          const forms = Buffer.isBuffer(cell) ? [cell.toString('latin1'), cell.toString('base64url')] : [String(cell)];
          for (const secret of clear) {
            for (const form of forms) expect(form.includes(secret)).toBe(false);
            if (Buffer.isBuffer(cell)) expect(cell.equals(Buffer.from(secret, 'base64url'))).toBe(false);
          }
        }
      }
    }
    expect(cells).toBeGreaterThan(30);
  });

  test('a model that is written as JSON shows no hash and no payload', async () => {
    const { application } = await fixture.applications.create({ name: 'demo', grantTypes: ['client_credentials'] });
    const stored = await storeToken(fixture, { applicationId: application.id, payload: '{"secret":"x"}' });
    const token = await fixture.tokens.findAccessTokenByHash(stored.tokenHash);
    const json = JSON.parse(JSON.stringify(token)) as Record<string, unknown>;
    expect(Object.keys(json)).not.toEqual(expect.arrayContaining(['tokenHash']));
    expect(Object.keys(json)).not.toEqual(expect.arrayContaining(['payload']));
    expect(Object.keys(json.application as object)).not.toContain('clientSecretHash');
    expect((json.application as { clientId: string }).clientId).toBe(application.clientId);
  });
});
