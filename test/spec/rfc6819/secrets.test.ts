import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, authorize, responseOf } from '../../support/authorization.js';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

describe.each(STACKS)('secrets, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, grantTypes: [...FOR_USERS.grantTypes, 'client_credentials'] });
  });

  /** Goes through the flows, well and badly, and gathers every secret that was about. */
  async function everySecret(): Promise<Record<string, string>> {
    const agent = suite.agent();
    const request = authorization(client, { scope: 'openid read' });
    const code = responseOf(await authorize(agent, request)).get('code') as string;
    const first = (await suite.exchange(client, { code, verifier: request.verifier })).body;
    const second = (await suite.refresh(client, String(first.refresh_token))).body;
    const own = await suite.ownToken(client);
    const device = (await suite.post('/oauth2/device_authorization', { scope: 'read' }, client)).body;
    const pushed = await suite.post('/oauth2/par', Object.fromEntries(authorization(client).query), client);
    // What goes wrong is what tends to be logged.
    await suite.exchange(client, { code, verifier: request.verifier });
    await suite.refresh(client, `${first.refresh_token}`);
    await suite.token({ grant_type: 'client_credentials', scope: 'nope' }, client);
    const wrongSecret = 'a-wrong-secret-that-nobody-should-see';
    await suite.ask({ ...client, clientId: 'nobody' }, { state: own });
    await suite.token({ grant_type: 'client_credentials' }, { ...client, clientSecret: wrongSecret });
    await suite.send(`/oauth2/token?client_secret=${client.clientSecret}`, {
      method: 'POST',
      headers: { authorization: basic(client) },
    });
    await suite.revoke(client, own);
    return {
      'client secret': client.clientSecret,
      'wrong secret': wrongSecret,
      password: 'ecila',
      code,
      verifier: request.verifier,
      'first access token': String(first.access_token),
      'first refresh token': String(first.refresh_token),
      'second access token': String(second.access_token),
      'second refresh token': String(second.refresh_token),
      'ID token': String(first.id_token),
      'own token': own,
      'device code': String(device.device_code),
      'user code': String(device.user_code),
      'user code without dash': String(device.user_code).replace('-', ''),
      'pushed request': String(pushed.body.request_uri).split(':').at(-1) as string,
      session: agent.sessionCookie() as string,
    };
  }

  test('[AS-37 §5.1.4.1.3] no log line, no event and no column of any table holds one in plain text', async () => {
    const secrets = await everySecret();
    const { knex } = suite.server.oauth2;
    const places: Record<string, string> = {
      'the log': suite.log.join('\n'),
      'the events': JSON.stringify(suite.events),
    };
    expect(suite.events.length).toBeGreaterThanOrEqual(6);
    const tables = Object.values(suite.server.oauth2.models).map((model) => (model as { tableName: string }).tableName);
    expect(tables.length).toBeGreaterThanOrEqual(6);
    for (const table of tables) places[table] = await contentOf(knex(table));
    for (const [place, content] of Object.entries(places)) {
      for (const [kind, secret] of Object.entries(secrets)) {
        expect([place, kind, secret.length >= 5 && content.includes(secret)]).toEqual([place, kind, false]);
      }
    }
  });

  /** All rows as text; binary columns in each of the usual writings. */
  async function contentOf(query: PromiseLike<unknown>): Promise<string> {
    const rows = (await query) as Record<string, unknown>[];
    const writings = (value: unknown) =>
      Buffer.isBuffer(value)
        ? (['latin1', 'hex', 'base64', 'base64url'] as const).map((writing) => value.toString(writing))
        : [String(value)];
    return rows.flatMap((row) => Object.values(row).flatMap(writings)).join('\n');
  }

  test('[AS-37] every event has ids only, and is of its kind', async () => {
    const count = suite.events.length;
    await everySecret();
    const told = suite.events.slice(count);
    expect(new Set(told.map(([event]) => event))).toEqual(
      new Set(['token.issued', 'token.refreshed', 'code.replayed', 'client.refused', 'token.revoked']),
    );
    const [, issued] = told.find(([event]) => event === 'token.issued') ?? [];
    expect(issued).toEqual({
      clientId: client.clientId,
      userId: 'alice',
      grantType: 'authorization_code',
      scopes: ['openid', 'read'],
      familyId: expect.any(String),
    });
    const [, refused] = told.find(([event]) => event === 'client.refused') ?? [];
    expect(refused).toEqual({ clientId: client.clientId, address: 'ip:127.0.0.1', endpoint: 'token' });
  });

  test('[AS-37] consent is told when it is given and when it is withdrawn', async () => {
    const fresh = await suite.server.register(FOR_USERS);
    const count = suite.events.length;
    await authorize(suite.agent(), authorization(fresh));
    await suite.server.oauth2.authorizationServer?.consents.withdraw('alice', fresh.clientId);
    const about = { clientId: fresh.clientId, userId: 'alice', scopes: ['read'] };
    expect(suite.eventsSince(count, 'consent.granted')).toEqual([about]);
    expect(suite.eventsSince(count, 'consent.withdrawn')).toEqual([about]);
  });

  test('[AS-37 RFC 6749 §10.3] tokens are in no URL, and errors repeat nothing of what was sent', async () => {
    const secret = 'a-value-that-must-not-come-back';
    const answers = [
      await suite.token({ grant_type: secret, scope: secret }, client),
      await suite.token({ grant_type: 'client_credentials', scope: secret }, client),
      await suite.token({ grant_type: 'client_credentials', scope: 'read', resource: `https://${secret}` }, client),
      await suite.refresh(client, secret, { scope: secret }),
      await suite.token({ grant_type: 'client_credentials' }, { clientId: secret, clientSecret: secret }),
      await suite.revoke(client, secret),
      await suite.introspect(client, secret),
      await suite.send('/oauth2/userinfo', { headers: { authorization: `Bearer ${secret}` } }),
    ];
    for (const [index, { text, headers }] of answers.entries()) {
      const seen = text + [...headers].join();
      expect([index, seen.includes(secret)]).toEqual([index, false]);
    }
    const visit = await authorize(suite.agent(), authorization(client));
    expect(visit.url).not.toMatch(/access_token|refresh_token|client_secret/);
  });
});
