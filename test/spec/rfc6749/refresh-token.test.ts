import { beforeAll, describe, expect, test } from '@jest/globals';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const GRACE_SECONDS = 30;

describe.each(STACKS)('the refresh token, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: {
      refreshGraceSeconds: GRACE_SECONDS,
      refreshTokenLifetimeSeconds: 1000,
      refreshTokenIdleSeconds: 300,
      accessTokenLifetimeSeconds: 200,
    },
  });
  let client: TestClient;
  let open: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
    open = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
  });

  /** Does the work while the clock is ahead. */
  async function later<T>(seconds: number, work: () => Promise<T>): Promise<T> {
    suite.clock.offsetSeconds = seconds;
    try {
      return await work();
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  }

  test('[AS-31 §6] it is rotated at each use, for confidential and for public applications', async () => {
    for (const by of [client, open]) {
      const first = await suite.tokens(by);
      const second = await suite.refresh(by, first.refresh_token);
      expect([second.status, second.body]).toEqual([
        200,
        {
          access_token: expect.any(String),
          refresh_token: expect.any(String),
          token_type: 'Bearer',
          expires_in: 200,
          scope: 'read',
        },
      ]);
      expect(second.body.refresh_token).not.toBe(first.refresh_token);
      expect(second.body.access_token).not.toBe(first.access_token);
      const third = await suite.refresh(by, String(second.body.refresh_token));
      expect(third.status).toBe(200);
    }
  });

  test('[AS-31 §6] within the grace window, as long as the successor is unused, it gives the same successor', async () => {
    const count = suite.events.length;
    const first = await suite.tokens(client);
    const one = await suite.refresh(client, first.refresh_token);
    expect(suite.eventsSince(count, 'refresh.repeated')).toEqual([]);
    const two = await later(GRACE_SECONDS - 5, () => suite.refresh(client, first.refresh_token));
    expect([one.status, two.status]).toEqual([200, 200]);
    expect(two.body.refresh_token).toBe(one.body.refresh_token);
    // Each use is told, and told apart from one that revokes.
    const [issued] = suite.eventsSince(count, 'token.issued') as { familyId: string }[];
    const event = { clientId: client.clientId, userId: 'alice', familyId: issued?.familyId };
    expect(suite.eventsSince(count, 'refresh.repeated')).toEqual([event]);
    await suite.refresh(client, first.refresh_token);
    expect(suite.eventsSince(count, 'refresh.repeated')).toEqual([event, event]);
    expect(suite.eventsSince(count, 'token.refreshed')).toHaveLength(3);
    expect(suite.eventsSince(count, 'refresh.reused')).toEqual([]);
    expect((await suite.refresh(client, String(one.body.refresh_token))).status).toBe(200);
  });

  test('[AS-31 §6] twenty uses at once return one successor', async () => {
    const { refresh_token } = await suite.tokens(client);
    const answers = await Promise.all(Array.from({ length: 20 }, () => suite.refresh(client, refresh_token)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    const successors = new Set(answers.map(({ body }) => String(body.refresh_token)));
    expect(successors.size).toBe(1);
    expect((await suite.refresh(client, [...successors][0] as string)).status).toBe(200);
  });

  test('[AS-32 RFC 9700 §4.14.2] a reuse after the grace window revokes the family, its access tokens too', async () => {
    const count = suite.events.length;
    const first = await suite.tokens(client);
    const apart = await suite.tokens(client);
    const second = (await suite.refresh(client, first.refresh_token)).body;
    expectError(await later(GRACE_SECONDS + 1, () => suite.refresh(client, first.refresh_token)), 400, 'invalid_grant');
    for (const token of [first.access_token, second.access_token, second.refresh_token]) {
      expect(await suite.isActive(client, String(token))).toBe(false);
    }
    expectError(await suite.refresh(client, String(second.refresh_token)), 400, 'invalid_grant');
    // Another authorization of the same user and application is another family.
    expect(await suite.isActive(client, apart.access_token)).toBe(true);
    expect(suite.eventsSince(count, 'refresh.reused')[0]).toEqual({
      clientId: client.clientId,
      userId: 'alice',
      familyId: expect.any(String),
    });
  });

  test('[AS-32 RFC 9700 §4.14.2] a reuse within the window, after the successor was used, revokes the family', async () => {
    const first = await suite.tokens(client);
    const second = (await suite.refresh(client, first.refresh_token)).body;
    const third = (await suite.refresh(client, String(second.refresh_token))).body;
    const count = suite.events.length;
    expectError(await suite.refresh(client, first.refresh_token), 400, 'invalid_grant');
    expect(suite.eventsSince(count, 'refresh.reused')).toHaveLength(1);
    expect(suite.eventsSince(count, 'refresh.repeated')).toEqual([]);
    expect(await suite.isActive(client, String(third.access_token))).toBe(false);
    expectError(await suite.refresh(client, String(third.refresh_token)), 400, 'invalid_grant');
  });

  test('[AS-32 RFC 9700 §4.14.2] one that was revoked on purpose gets no grace', async () => {
    const first = await suite.tokens(client);
    const second = (await suite.refresh(client, first.refresh_token)).body;
    await suite.revoke(client, String(second.refresh_token));
    expectError(await suite.refresh(client, first.refresh_token), 400, 'invalid_grant');
    expectError(await suite.refresh(client, String(second.refresh_token)), 400, 'invalid_grant');
  });

  test('[AS-31 §6] it is bound to its application; a stranger’s try neither works nor hurts it', async () => {
    const { refresh_token, access_token } = await suite.tokens(client);
    const other = await suite.server.register(FOR_USERS);
    expectError(await suite.refresh(other, refresh_token), 400, 'invalid_grant');
    expectError(await suite.refresh(open, refresh_token), 400, 'invalid_grant');
    expect(await suite.isActive(client, access_token)).toBe(true);
    expect((await suite.refresh(client, refresh_token)).status).toBe(200);
  });

  test('[AS-31 §6] the scope may narrow and never widens, and what was left out can be had again', async () => {
    const first = await suite.tokens(client, { scope: 'read write' });
    expectError(await suite.refresh(client, first.refresh_token, { scope: 'read api' }), 400, 'invalid_scope');
    expectError(await suite.refresh(client, first.refresh_token, { scope: 'read nope' }), 400, 'invalid_scope');
    const narrow = await suite.refresh(client, first.refresh_token, { scope: 'read' });
    expect(narrow.body.scope).toBe('read');
    const inspected = await suite.introspect(client, String(narrow.body.access_token));
    expect(inspected.body).toMatchObject({ active: true, scope: 'read' });
    // RFC 6749 §6: the new refresh token has the scope of the one before it.
    const whole = await suite.refresh(client, String(narrow.body.refresh_token));
    expect(whole.body.scope).toBe('read write');
  });

  test('[AS-31 RFC 9700 §2.2.2] it is refused when it lies idle, and however often it is used at its absolute end', async () => {
    const idle = await suite.tokens(client);
    expectError(await later(301, () => suite.refresh(client, idle.refresh_token)), 400, 'invalid_grant');
    let token = (await suite.tokens(client)).refresh_token;
    for (const seconds of [250, 500, 750, 990]) {
      const next = await later(seconds, () => suite.refresh(client, token));
      expect([seconds, next.status]).toEqual([seconds, 200]);
      token = String(next.body.refresh_token);
    }
    expectError(await later(1001, () => suite.refresh(client, token)), 400, 'invalid_grant');
  });

  test('[AS-31 §6] it is revoked with the grant of its user, with its user and with its application', async () => {
    const withdrawing = await suite.server.register(FOR_USERS);
    const withdrawn = await suite.tokens(withdrawing);
    await suite.server.oauth2.authorizationServer?.consents.withdraw('alice', withdrawing.clientId);
    expectError(await suite.refresh(withdrawing, withdrawn.refresh_token), 400, 'invalid_grant');
    const ofUser = await suite.tokens(client, {}, { user: 'carol' });
    const carol = suite.server.users.get('carol') as { active: boolean };
    carol.active = false;
    expectError(await suite.refresh(client, ofUser.refresh_token), 400, 'invalid_grant');
    carol.active = true;
    const leaving = await suite.server.register(FOR_USERS);
    const left = await suite.tokens(leaving);
    await suite.server.oauth2.applications.disable(leaving.clientId);
    expect((await suite.refresh(leaving, left.refresh_token)).status).toBe(401);
  });

  test('[§6] an access token is no refresh token, and the other way round', async () => {
    const { access_token, refresh_token } = await suite.tokens(client);
    expectError(await suite.refresh(client, access_token), 400, 'invalid_grant');
    const userinfo = await suite.send('/oauth2/userinfo', { headers: { authorization: `Bearer ${refresh_token}` } });
    expect(userinfo.status).toBe(401);
  });
});

describe.each(STACKS)('the refresh token without grace, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { refreshGraceSeconds: 0 } });

  test('[AS-32 RFC 9700 §4.14.2] a second use revokes the family, however soon it comes', async () => {
    const client = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const first = await suite.tokens(client);
    const second = (await suite.refresh(client, first.refresh_token)).body;
    const count = suite.events.length;
    expectError(await suite.refresh(client, first.refresh_token), 400, 'invalid_grant');
    expectError(await suite.refresh(client, String(second.refresh_token)), 400, 'invalid_grant');
    expect(suite.eventsSince(count, 'refresh.repeated')).toEqual([]);
    expect(suite.eventsSince(count, 'refresh.reused').length).toBeGreaterThanOrEqual(1);
  });
});
