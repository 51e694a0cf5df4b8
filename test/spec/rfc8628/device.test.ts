import { beforeAll, describe, expect, test } from '@jest/globals';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  type Answer,
  DEVICE_CODE,
  expectError,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';
import { formsOf, type UserAgent, type Visit } from '../../support/user-agent.js';

interface Device {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

describe.each(STACKS)('the device grant, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { deviceCodeLifetimeSeconds: 600 } });
  let tv: TestClient;
  let reader: TestClient;
  beforeAll(async () => {
    reader = await suite.server.register({ mayIntrospect: true });
    tv = await suite.server.register({ ...FOR_USERS, clientType: 'public', name: 'Television' });
  });

  async function begin(client = tv, scope = 'read'): Promise<Device> {
    const answer = await suite.post('/oauth2/device_authorization', { scope }, client);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    return answer.body as unknown as Device;
  }
  const poll = (device: Device, client = tv): Promise<Answer> =>
    suite.token({ grant_type: DEVICE_CODE, device_code: device.device_code }, client);

  /** Enters the code, up to the page that asks whether it is the right device. */
  async function enter(agent: UserAgent, userCode: string): Promise<Visit> {
    return agent.submit(await agent.get('/oauth2/device'), { user_code: userCode });
  }
  /** Says yes there, and signs in and consents. */
  async function confirm(agent: UserAgent, device: Device, user = 'alice', decision = 'allow'): Promise<Visit> {
    let visit = await agent.submit(await enter(agent, device.user_code), { confirm: 'yes' });
    if (visit.body.includes('name="password"')) {
      visit = await agent.submit(visit, { username: user, password: [...user].reverse().join('') });
    }
    if (visit.body.includes('name="decision"')) visit = await agent.submit(visit, { decision });
    return visit;
  }

  test('[AS-38 AS-39 §3.2] a device gets a code of 256 bits, a short one for people, and how often it may ask', async () => {
    const device = await begin();
    expect(device).toEqual({
      device_code: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${suite.url}/oauth2/device`,
      verification_uri_complete: `${suite.url}/oauth2/device?user_code=${device.user_code}`,
      expires_in: 600,
      interval: expect.any(Number),
    });
    expect(device.interval).toBeGreaterThanOrEqual(1);
  });

  test('[AS-39 §3.3, §3.5] pending until the user has confirmed; then one answer, and no second', async () => {
    const device = await begin();
    expectError(await poll(device), 400, 'authorization_pending');
    const done = await confirm(suite.agent(), device);
    expect(done.status).toBe(200);
    const answer = await poll(device);
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        access_token: expect.any(String),
        refresh_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'read',
      },
    ]);
    const inspected = await suite.introspect(reader, String(answer.body.access_token));
    expect(inspected.body).toMatchObject({ active: true, sub: 'alice', client_id: tv.clientId });
    expectError(await poll(device), 400, 'invalid_grant');
    expectError(await suite.refresh(tv, String(answer.body.refresh_token)), 400, 'invalid_grant');
  });

  test('[AS-39 §3.5] of twenty redemptions at once exactly one succeeds', async () => {
    const device = await begin();
    await confirm(suite.agent(), device);
    const answers = await Promise.all(Array.from({ length: 20 }, () => poll(device)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expectError(answer, 400, 'invalid_grant');
  });

  test('[AS-39 §3.3] the user code may be written with other case, spaces or no dash', async () => {
    const device = await begin();
    const visit = await enter(suite.agent(), device.user_code.toLowerCase().replace('-', ' '));
    expect(visit.body).toContain('Television');
    expect(visit.body).toContain(device.user_code);
  });

  test('[AS-39 §3.3.1] a code that comes in the URL is shown, and nothing is confirmed by that', async () => {
    const device = await begin();
    const page = await suite.agent().get(device.verification_uri_complete);
    expect(formsOf(page)[0]?.fields.user_code).toBe(device.user_code);
    expectError(await poll(device), 400, 'authorization_pending');
  });

  test('[AS-39 §3.3] once a user has claimed the code nobody else can enter it, and he alone decides', async () => {
    const device = await begin();
    const alice = suite.agent();
    const atLogin = await alice.submit(await enter(alice, device.user_code), { confirm: 'yes' });
    expect(atLogin.body).toContain('name="password"');
    const mallory = suite.agent();
    const refused = await enter(mallory, device.user_code);
    expect([refused.status, refused.body.includes('Television')]).toEqual([400, false]);
    // The address of Alice's page is worth nothing in another browser.
    expect((await mallory.get(atLogin.url)).body).not.toContain('name="password"');
    expectError(await poll(device), 400, 'authorization_pending');
    let visit = await alice.submit(atLogin, { username: 'alice', password: 'ecila' });
    if (visit.body.includes('name="decision"')) visit = await alice.submit(visit, { decision: 'allow' });
    const again = await enter(mallory, device.user_code);
    expect(again.status).toBe(400);
    const answer = await poll(device);
    expect(answer.status).toBe(200);
  });

  test('[AS-39 §3.3] a user who denies, or aborts: access_denied', async () => {
    const fresh = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const denied = await begin(fresh);
    await confirm(suite.agent(), denied, 'bob', 'deny');
    expectError(await poll(denied, fresh), 400, 'access_denied');
    const aborted = await begin();
    const agent = suite.agent();
    await agent.submit(await enter(agent, aborted.user_code), { abort: 'yes' });
    expectError(await poll(aborted), 400, 'access_denied');
  });

  test('[AS-39 §3.3] who refuses gets that answer, where he compares the code and where he is asked for consent', async () => {
    const fresh = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const denied = await confirm(suite.agent(), await begin(fresh), 'bob', 'deny');
    const agent = suite.agent();
    const aborted = await agent.submit(await enter(agent, (await begin()).user_code), { abort: 'yes' });
    for (const { status, body } of [denied, aborted]) {
      expect([status, /<h1>(.*)<\/h1>/.exec(body)?.[1]]).toEqual([200, 'Refused']);
      expect(body).toMatch(/<p role="status">The device was refused\./);
      expect(body).toContain('<title>Refused · ');
      expect(body).not.toContain('user_code');
    }
  });

  test('[AS-39 §3.4] the code is bound to its application; a stranger’s try neither works nor hurts it', async () => {
    const other = await suite.server.register(FOR_USERS);
    const device = await begin();
    await confirm(suite.agent(), device);
    expectError(await poll(device, other), 400, 'invalid_grant');
    expect((await poll(device)).status).toBe(200);
  });

  test('[AS-39 §3.5] it expires, for the device and for the user', async () => {
    const device = await begin();
    suite.clock.offsetSeconds = 601;
    const answer = await poll(device);
    const visit = await enter(suite.agent(), device.user_code);
    suite.clock.offsetSeconds = 0;
    expect([answer.status, ['expired_token', 'invalid_grant'].includes(String(answer.body.error))]).toEqual([
      400,
      true,
    ]);
    expect([visit.status, visit.body.includes('Television')]).toEqual([400, false]);
  });

  test('[AS-30 AS-39 §5.4] the form is bound to its browser: without its secret nothing is confirmed', async () => {
    const device = await begin();
    const agent = suite.agent();
    const page = await agent.get('/oauth2/device');
    const form = formsOf(page).find(({ fields }) => 'user_code' in fields);
    if (form === undefined) throw new Error(`There is no form: ${page.body}`);
    for (const xsrf of ['', 'forged']) {
      const visit = await agent.send(form, { user_code: device.user_code, confirm: 'yes', xsrf });
      expect([xsrf, visit.status]).toEqual([xsrf, 400]);
    }
    const stranger = await suite.agent().send(form, { user_code: device.user_code, confirm: 'yes' });
    expect(stranger.status).toBe(400);
    expectError(await poll(device), 400, 'authorization_pending');
  });

  test.each(['', 'XXXX-XXXX', 'x'.repeat(5000), "' OR 1=1", '<script>alert(1)</script>', '\0', 'ä'])(
    '[AS-39 §3.3] the user code %j is not found, and not shown unescaped',
    async (userCode) => {
      const visit = await enter(suite.agent(), userCode);
      expect(visit.status).toBe(400);
      expect(visit.body).not.toContain('<script>');
    },
  );

  test('[§3.1] an application without this grant is unauthorized_client', async () => {
    const machine = await suite.server.register();
    const answer = await suite.post('/oauth2/device_authorization', { scope: 'read' }, machine);
    expectError(answer, 400, 'unauthorized_client');
  });

  test('[AS-39] a disabled application gets nothing for a code that was confirmed', async () => {
    const leaving = await suite.server.register(FOR_USERS);
    const device = await begin(leaving);
    await confirm(suite.agent(), device);
    await suite.server.oauth2.applications.disable(leaving.clientId);
    expect((await poll(device, leaving)).status).toBe(401);
  });
});

describe.each(STACKS)('a device that asks too often, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { devicePollingSeconds: 5 } });

  test('[AS-39 §3.5] is told to slow down, and gets its tokens nevertheless', async () => {
    const tv = await suite.server.register(FOR_USERS);
    const { body } = await suite.post('/oauth2/device_authorization', { scope: 'read' }, tv);
    expect(body.interval).toBe(5);
    const form = { grant_type: DEVICE_CODE, device_code: String(body.device_code) };
    expectError(await suite.token(form, tv), 400, 'authorization_pending');
    expectError(await suite.token(form, tv), 400, 'slow_down');
    const other = await suite.post('/oauth2/device_authorization', { scope: 'read' }, tv);
    const apart = { grant_type: DEVICE_CODE, device_code: String(other.body.device_code) };
    expectError(await suite.token(apart, tv), 400, 'authorization_pending');
    if (name === 'MariaDB + Redis') return;
    suite.clock.offsetSeconds = 5;
    expectError(await suite.token(form, tv), 400, 'authorization_pending');
    suite.clock.offsetSeconds = 0;
  });
});
