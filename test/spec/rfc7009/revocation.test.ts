import { beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../src/core/digest.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  type Answer,
  expectError,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';

/** RFC 7009 §2.2 leaves the body open: an empty object, since there are clients that read every answer as JSON. */
function expectEmptyObject({ status, text, headers }: Answer): void {
  expect([status, text]).toEqual([200, '{}']);
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(headers.get('content-length')).toBe('2');
  expect(headers.get('cache-control')).toBe('no-store');
}

describe.each(STACKS)('revocation, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  let machine: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
    machine = await suite.server.register();
  });

  test('[AS-34 §2.1] an access token that is revoked is dead, and its whole grant with it, as the RFC allows', async () => {
    const count = suite.events.length;
    const { access_token, refresh_token } = await suite.tokens(client);
    const answer = await suite.revoke(client, access_token);
    expectEmptyObject(answer);
    expect(await suite.isActive(client, access_token)).toBe(false);
    expectError(await suite.refresh(client, refresh_token), 400, 'invalid_grant');
    expect(suite.eventsSince(count, 'token.revoked')).toEqual([
      { clientId: client.clientId, userId: 'alice', token: 'access_token', familyId: expect.any(String) },
    ]);
  });

  test('[AS-34 §2.1] a refresh token that is revoked takes all access tokens of its grant with it', async () => {
    const count = suite.events.length;
    const first = await suite.tokens(client);
    const second = (await suite.refresh(client, first.refresh_token)).body;
    expect((await suite.revoke(client, String(second.refresh_token))).status).toBe(200);
    for (const token of [first.access_token, second.access_token, second.refresh_token]) {
      expect(await suite.isActive(client, String(token))).toBe(false);
    }
    expectError(await suite.refresh(client, String(second.refresh_token)), 400, 'invalid_grant');
    expect(suite.eventsSince(count, 'token.revoked')).toEqual([
      { clientId: client.clientId, userId: 'alice', token: 'refresh_token', familyId: expect.any(String) },
    ]);
  });

  test('[AS-34 §2.1] a refresh token that was rotated away still revokes its family', async () => {
    const first = await suite.tokens(client);
    const second = (await suite.refresh(client, first.refresh_token)).body;
    expect((await suite.revoke(client, first.refresh_token)).status).toBe(200);
    expectError(await suite.refresh(client, String(second.refresh_token)), 400, 'invalid_grant');
    expect(await suite.isActive(client, String(second.access_token))).toBe(false);
  });

  test('[AS-34 §2.1] tokens of others are not revoked, and the application is told', async () => {
    const { access_token, refresh_token } = await suite.tokens(client);
    const own = await suite.ownToken(machine);
    const other = await suite.server.register({ mayIntrospect: true });
    for (const token of [access_token, refresh_token, own]) {
      expectError(await suite.revoke(other, token), 400, 'unauthorized_client');
    }
    for (const token of [access_token, refresh_token]) expect(await suite.isActive(client, token)).toBe(true);
    expect(await suite.isActive(machine, own)).toBe(true);
  });

  test('[AS-34 §2.2] every success is an empty JSON object, with each kind of token and of client authentication', async () => {
    const { access_token, refresh_token } = await suite.tokens(client);
    const form = { client_id: client.clientId, client_secret: client.clientSecret };
    expectEmptyObject(await suite.post('/oauth2/revoke', { ...form, token: refresh_token }));
    expectEmptyObject(await suite.revoke(client, access_token, { token_type_hint: 'access_token' }));
    expectEmptyObject(await suite.revoke(machine, await suite.ownToken(machine)));
  });

  test('[AS-34 §2.2] a token that is unknown, or revoked already, is 200', async () => {
    const own = await suite.ownToken(machine);
    for (const token of [own, own, 'unknown', 'a.b.c', 'x'.repeat(5000), "' OR 1=1 --", 'ä']) {
      const answer = await suite.revoke(machine, token);
      expectEmptyObject(answer);
    }
  });

  test('[AS-34 ALL-79 §2.1] a token that guards admit is revoked, though its row holds what the authorization server cannot use', async () => {
    const token = await suite.ownToken(machine);
    const { oauth2 } = suite.server;
    await oauth2.knex('oauth2_access_tokens').where('token_hash', sha256(token)).update({ payload: '{"uid":1}' });
    expect((await oauth2.tokens.inspect(token)).active).toBe(true);
    expect((await suite.revoke(client, token)).status).toBe(200);
    expect((await oauth2.tokens.inspect(token)).active).toBe(true);
    expectEmptyObject(await suite.revoke(machine, token));
    expect((await oauth2.tokens.inspect(token)).active).toBe(false);
  });

  test('[AS-34 §2.1] an access token that has expired does not end the grant that lives on', async () => {
    const { access_token, refresh_token } = await suite.tokens(client);
    const row = suite.server.oauth2.knex('oauth2_access_tokens').where('token_hash', sha256(access_token));
    await row.update({ expires_at_ms: Date.now() - 1000, revoked_at_ms: Date.now() - 2000 });
    expectEmptyObject(await suite.revoke(client, access_token));
    expect((await suite.refresh(client, refresh_token)).status).toBe(200);
  });

  test.each(['access_token', 'refresh_token', 'id_token', 'nonsense'])(
    '[AS-34 §2.1] the hint %s is a hint only',
    async (hint) => {
      const { access_token, refresh_token } = await suite.tokens(client);
      for (const token of [access_token, refresh_token]) {
        expect((await suite.revoke(client, token, { token_type_hint: hint })).status).toBe(200);
        expect(await suite.isActive(client, token)).toBe(false);
      }
    },
  );

  test('[AS-34 §2.1] a public application revokes its own, by its identifier', async () => {
    const open = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const { refresh_token } = await suite.tokens(open);
    expectEmptyObject(await suite.revoke(open, refresh_token));
    expectError(await suite.refresh(open, refresh_token), 400, 'invalid_grant');
  });

  test('[AS-34 §2.1] a caller who is not authenticated revokes nothing', async () => {
    const own = await suite.ownToken(machine);
    expect((await suite.post('/oauth2/revoke', { token: own, client_id: machine.clientId })).status).toBe(401);
    expect((await suite.revoke({ ...machine, clientSecret: 'wrong' }, own)).status).toBe(401);
    expectError(await suite.post('/oauth2/revoke', { token: own }), 400, 'invalid_request');
    expect(await suite.isActive(machine, own)).toBe(true);
  });

  test('[§2.1] a request without a token is invalid_request; GET is 405', async () => {
    expectError(await suite.post('/oauth2/revoke', {}, machine), 400, 'invalid_request');
    expect((await suite.send('/oauth2/revoke?token=x')).status).toBe(405);
  });

  test('[AS-33 §2.1] of a revocation and refreshes at once nothing is left alive', async () => {
    const { refresh_token, access_token } = await suite.tokens(client);
    const [revoked, ...refreshed] = await Promise.all([
      suite.revoke(client, refresh_token),
      ...Array.from({ length: 8 }, () => suite.refresh(client, refresh_token)),
    ]);
    expect(revoked?.status).toBe(200);
    for (const { status, body } of refreshed) {
      expect([200, 400]).toContain(status);
      if (status !== 200) continue;
      expect(await suite.isActive(client, String(body.access_token))).toBe(false);
      expectError(await suite.refresh(client, String(body.refresh_token)), 400, 'invalid_grant');
    }
    expect(await suite.isActive(client, access_token)).toBe(false);
  });
});
