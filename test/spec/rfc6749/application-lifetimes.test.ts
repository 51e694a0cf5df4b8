import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  DEVICE_CODE,
  expectError,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';

const SHORT = 'https://short.example.com';
const LONG = 'https://long.example.com';
const DAY_SECONDS = 86_400;

describe.each(STACKS)('lifetimes of an application, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: {
      accessTokenLifetimeSeconds: 200,
      refreshTokenLifetimeSeconds: 1000,
      refreshTokenIdleSeconds: 300,
      idTokenLifetimeSeconds: 500,
      refreshGraceSeconds: 0,
      resources: {
        [SHORT]: { scopes: ['read'], accessTokenLifetimeSeconds: 60 },
        [LONG]: { scopes: ['read'], accessTokenLifetimeSeconds: 5000 },
      },
    },
    oauth2: { accessTokenLifetimeSeconds: 100, scopes: { read: 'Read', openid: 'Who you are' } },
  });
  afterEach(() => suite.clock.goOn());
  let brief: TestClient;
  let lasting: TestClient;
  let plain: TestClient;
  const grants = { ...FOR_USERS, grantTypes: [...FOR_USERS.grantTypes, 'client_credentials'] };
  beforeAll(async () => {
    plain = await suite.server.register(grants);
    brief = await suite.server.register({
      ...grants,
      accessTokenLifetimeSeconds: 30,
      refreshTokenLifetimeSeconds: 100,
      refreshTokenIdleSeconds: 40,
      idTokenLifetimeSeconds: 20,
    });
    lasting = await suite.server.register({
      ...grants,
      accessTokenLifetimeSeconds: 2000,
      refreshTokenLifetimeSeconds: 90 * DAY_SECONDS,
      refreshTokenIdleSeconds: 60 * DAY_SECONDS,
    });
  });

  async function later<T>(seconds: number, work: () => Promise<T>): Promise<T> {
    suite.clock.offsetSeconds = seconds;
    try {
      return await work();
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  }

  const own = async (client: TestClient, form: Record<string, string> = {}) =>
    (await suite.token({ grant_type: 'client_credentials', scope: 'read', ...form }, client)).body.expires_in;

  test('[AS-31 §5.1] its access tokens live as long as it says, whichever way they are issued', async () => {
    // The fast path in one statement, and oidc-provider's: it alone takes a resource and an assertion of another kind.
    expect([await own(brief), await own(lasting), await own(plain)]).toEqual([30, 2000, 200]);
    const posted = { client_id: brief.clientId, client_secret: brief.clientSecret };
    const slow = await suite.token({ grant_type: 'client_credentials', scope: 'read', unknown: 'x', ...posted });
    expect(slow.body.expires_in).toBe(30);
    const tokens = await suite.tokens(brief);
    expect(tokens.expires_in).toBe(30);
    expect((await suite.refresh(brief, tokens.refresh_token)).body.expires_in).toBe(30);
    expect(await suite.isActive(brief, tokens.access_token)).toBe(true);
    expect(await later(31, () => suite.isActive(brief, tokens.access_token))).toBe(false);
    expect((await suite.tokens(lasting)).expires_in).toBe(2000);
    const { tokens: service } = suite.server.oauth2;
    const issue = async ({ clientId }: TestClient, lifetimeSeconds?: number) =>
      (await service.issue({ application: clientId, scope: 'read', lifetimeSeconds })).expires_in;
    expect([await issue(brief), await issue(plain), await issue(brief, 77)]).toEqual([30, 100, 77]);
  });

  test('[AS-39 RFC 8628 §3.5] so do those of a device', async () => {
    const begun = await suite.post('/oauth2/device_authorization', { scope: 'read' }, brief);
    const agent = suite.agent();
    const asked = await agent.submit(await agent.get('/oauth2/device'), { user_code: String(begun.body.user_code) });
    const signIn = await agent.submit(asked, { confirm: 'yes' });
    const signedIn = await agent.submit(signIn, { username: 'alice', password: 'ecila' });
    if (signedIn.body.includes('name="decision"')) await agent.submit(signedIn, { decision: 'allow' });
    const form = { grant_type: DEVICE_CODE, device_code: String(begun.body.device_code) };
    const answer = await suite.token(form, brief);
    expect([answer.status, answer.body.expires_in]).toEqual([200, 30]);
    expectError(await later(41, () => suite.refresh(brief, String(answer.body.refresh_token))), 400, 'invalid_grant');
  });

  test('[AS-42 RFC 8707 §2] at a resource with a lifetime, the shorter of the two holds', async () => {
    expect([await own(lasting, { resource: SHORT }), await own(brief, { resource: SHORT })]).toEqual([60, 30]);
    expect([await own(brief, { resource: LONG }), await own(lasting, { resource: LONG })]).toEqual([30, 2000]);
    expect([await own(plain, { resource: LONG }), await own(plain, { resource: SHORT })]).toEqual([5000, 60]);
    expect((await suite.tokens(brief, { resource: LONG })).expires_in).toBe(30);
  });

  test('[AS-31 §6] an unused refresh token ends after the idle time of its application', async () => {
    suite.clock.standStill();
    const { refresh_token: first } = await suite.tokens(brief);
    const second = await later(39, () => suite.refresh(brief, first));
    expect(second.status).toBe(200);
    const late = await later(39 + 41, () => suite.refresh(brief, String(second.body.refresh_token)));
    expectError(late, 400, 'invalid_grant');
    // The server's own would have ended it after 300 seconds.
    const { refresh_token: kept } = await suite.tokens(lasting);
    expect((await later(59 * DAY_SECONDS, () => suite.refresh(lasting, kept))).status).toBe(200);
  });

  test('[AS-31 §6] a family ends at the lifetime of its application, however often it is refreshed', async () => {
    let { refresh_token: token } = await suite.tokens(brief);
    for (const seconds of [30, 60, 90]) {
      const answer = await later(seconds, () => suite.refresh(brief, token));
      expect(answer.status).toBe(200);
      token = String(answer.body.refresh_token);
    }
    expectError(await later(101, () => suite.refresh(brief, token)), 400, 'invalid_grant');
    // The grant, too, lives as long as the tokens of the application, not as those of the server.
    let { refresh_token: kept } = await suite.tokens(lasting);
    for (const days of [50, 89]) {
      const answer = await later(days * DAY_SECONDS, () => suite.refresh(lasting, kept));
      expect(answer.status).toBe(200);
      kept = String(answer.body.refresh_token);
    }
    expectError(await later(91 * DAY_SECONDS, () => suite.refresh(lasting, kept)), 400, 'invalid_grant');
  });

  test('[AS-31 §6] a lifetime that is made shorter ends families that are older, null is the server’s again', async () => {
    const client = await suite.server.register(grants);
    const { applications } = suite.server.oauth2;
    const { refresh_token: token } = await suite.tokens(client);
    await applications.update(client.clientId, { refreshTokenLifetimeSeconds: 50, accessTokenLifetimeSeconds: 10 });
    expectError(await later(60, () => suite.refresh(client, token)), 400, 'invalid_grant');
    const none = { refreshTokenLifetimeSeconds: null, accessTokenLifetimeSeconds: null };
    await applications.update(client.clientId, none);
    const answer = await later(60, () => suite.refresh(client, token));
    expect([answer.status, answer.body.expires_in]).toEqual([200, 200]);
  });

  test('[AS-43 OpenID Connect Core §2] its ID tokens live as long as it says', async () => {
    const lifetime = async (client: TestClient) => {
      const { id_token: token = '' } = await suite.tokens(client, { scope: 'openid read' });
      const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
      return payload.exp - payload.iat;
    };
    expect([await lifetime(brief), await lifetime(plain)]).toEqual([20, 500]);
  });
});
