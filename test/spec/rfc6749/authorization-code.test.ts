import { beforeAll, describe, expect, test } from '@jest/globals';
import { REDIRECT_URI } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const OTHER_URI = 'https://app.example.com/other';

describe.each(STACKS)('the authorization code, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, redirectUris: [REDIRECT_URI, OTHER_URI] });
  });

  test('[AS-38 §10.10] a code has 256 random bits', async () => {
    const codes = [await suite.code(client), await suite.code(client)].map(({ code }) => code);
    for (const code of codes) expect(code).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(new Set(codes).size).toBe(2);
  });

  test('[AS-26 §4.1.3] it gives tokens of its user, for its scope', async () => {
    const answer = await suite.exchange(client, await suite.code(client, { scope: 'read write' }));
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^[A-Za-z0-9_-]{43,}$/),
        refresh_token: expect.stringMatching(/^[A-Za-z0-9_-]{43,}$/),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'read write',
      },
    ]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const inspected = await suite.introspect(client, String(answer.body.access_token));
    expect(inspected.body).toMatchObject({ active: true, sub: 'alice', client_id: client.clientId });
  });

  test('[AS-26 §4.1.2] a second use is refused, and revokes what the first use gave', async () => {
    const count = suite.events.length;
    const code = await suite.code(client);
    const { body } = await suite.exchange(client, code);
    const next = await suite.refresh(client, String(body.refresh_token));
    expect(await suite.isActive(client, String(next.body.access_token))).toBe(true);
    expectError(await suite.exchange(client, code), 400, 'invalid_grant');
    for (const token of [body.access_token, next.body.access_token, next.body.refresh_token]) {
      expect(await suite.isActive(client, String(token))).toBe(false);
    }
    expectError(await suite.refresh(client, String(next.body.refresh_token)), 400, 'invalid_grant');
    expect(suite.eventsSince(count, 'code.replayed')).toEqual([
      { clientId: client.clientId, userId: 'alice', familyId: expect.any(String) },
    ]);
  });

  test('[AS-26 §4.1.2] of twenty uses at once exactly one succeeds, and its tokens do not outlive the others', async () => {
    const code = await suite.code(client);
    const answers = await Promise.all(Array.from({ length: 20 }, () => suite.exchange(client, code)));
    const good = answers.filter(({ status }) => status === 200);
    expect(good).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expectError(answer, 400, 'invalid_grant');
    expect(await suite.isActive(client, String(good[0]?.body.access_token))).toBe(false);
  });

  test('[AS-26 §4.1.2] it is good for 60 seconds', async () => {
    const [early, late] = [await suite.code(client), await suite.code(client)];
    try {
      suite.clock.offsetSeconds = 50;
      expect((await suite.exchange(client, early)).status).toBe(200);
      suite.clock.offsetSeconds = 61;
      expectError(await suite.exchange(client, late), 400, 'invalid_grant');
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  });

  test('[AS-26 §4.1.3] it is bound to its application; a stranger’s try neither works nor hurts it', async () => {
    const other = await suite.server.register({ ...FOR_USERS, redirectUris: [REDIRECT_URI] });
    const open = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const code = await suite.code(client);
    expectError(await suite.exchange(other, code), 400, 'invalid_grant');
    expectError(await suite.exchange(open, code), 400, 'invalid_grant');
    const { body, status } = await suite.exchange(client, code);
    expect(status).toBe(200);
    expectError(await suite.exchange(other, code), 400, 'invalid_grant');
    expect(await suite.isActive(client, String(body.access_token))).toBe(true);
  });

  test('[AS-26 §4.1.3] it is bound to its redirect URI, exactly', async () => {
    for (const uri of [OTHER_URI, `${REDIRECT_URI}/`, `${REDIRECT_URI}?x`, 'https://evil.example/']) {
      expectError(await suite.exchange(client, await suite.code(client), { redirect_uri: uri }), 400, 'invalid_grant');
    }
    const without = await suite.exchange(client, await suite.code(client), { redirect_uri: '' });
    expect([without.status, ['invalid_grant', 'invalid_request'].includes(String(without.body.error))]).toEqual([
      400,
      true,
    ]);
  });

  test('[AS-26 §4.1.2] it is revoked with its application, and with its user', async () => {
    const leaving = await suite.server.register(FOR_USERS);
    const ofApplication = await suite.code(leaving);
    await suite.server.oauth2.applications.disable(leaving.clientId);
    expect((await suite.exchange(leaving, ofApplication)).status).toBe(401);
    const ofUser = await suite.code(client, {}, { user: 'bob' });
    const bob = suite.server.users.get('bob') as { active: boolean };
    try {
      bob.active = false;
      expectError(await suite.exchange(client, ofUser), 400, 'invalid_grant');
    } finally {
      bob.active = true;
    }
  });
});
