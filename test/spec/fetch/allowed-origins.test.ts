import { describe, expect, test } from '@jest/globals';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { type Answer, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import type { UserAgent } from '../../support/user-agent.js';

const SPA = 'https://spa.example.com';

describe.each(STACKS)('the origins that an application names, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { ownerScopes: ['read'] } });

  /** Asks for a device code, from a page. */
  const ask = (client: TestClient, origin: string): Promise<Answer> =>
    suite.send('/oauth2/device_authorization', {
      method: 'POST',
      headers: { origin, ...(client.clientSecret !== '' && { authorization: basic(client) }) },
      body: new URLSearchParams({ client_id: client.clientId, scope: 'read' }),
    });

  async function expectReaders(client: TestClient, origins: Readonly<Record<string, boolean>>): Promise<void> {
    for (const [origin, isAllowed] of Object.entries(origins)) {
      const { status, headers } = await ask(client, origin);
      expect({ origin, status, allowed: headers.get('access-control-allow-origin') }).toEqual({
        origin,
        status: isAllowed ? 200 : 400,
        allowed: isAllowed ? origin : null,
      });
    }
  }

  test('[AS-60 Fetch §3.3] are allowed alongside those of its redirect URIs, exactly as they are written', async () => {
    const client = await suite.server.register({
      ...FOR_USERS,
      clientType: 'public',
      allowedOrigins: [SPA, 'https://spa.example.com:8443', 'capacitor://localhost'],
    });
    await expectReaders(client, {
      [SPA]: true,
      'https://spa.example.com:8443': true,
      'capacitor://localhost': true,
      'https://app.example.com': true,
      'https://spa.example.com:444': false,
      'http://spa.example.com': false,
      'https://spa.example.com.evil.example': false,
      'https://other.spa.example.com': false,
      null: false,
    });
  });

  test('[AS-60 Fetch §3.3] let pages of a confidential application read too, and of its redirect URIs they do not', async () => {
    const client = await suite.server.register({ ...FOR_USERS, allowedOrigins: [SPA] });
    await expectReaders(client, { [SPA]: true, 'https://app.example.com': false });
  });

  test('[AS-60 RFC 8252 §7.3] on this machine have any port, if the application is public', async () => {
    const loopback = { ...FOR_USERS, allowedOrigins: ['http://localhost:5173'] };
    const open = await suite.server.register({ ...loopback, clientType: 'public' });
    await expectReaders(open, {
      'http://localhost:5173': true,
      'http://localhost:9': true,
      'http://127.0.0.1:5173': false,
      'https://localhost:5173': false,
    });
    await expectReaders(await suite.server.register(loopback), {
      'http://localhost:5173': true,
      'http://localhost:9': false,
    });
  });

  test('[AS-60] can be changed, and count at once', async () => {
    const client = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const { applications } = suite.server.oauth2;
    await expectReaders(client, { [SPA]: false });
    const changed = await applications.update(client.clientId, { allowedOrigins: [SPA] });
    expect(changed?.allowedOrigins).toBe(SPA);
    await expectReaders(client, { [SPA]: true });
    await applications.update(client.clientId, { name: 'Another name' });
    await expectReaders(client, { [SPA]: true });
    await applications.update(client.clientId, { allowedOrigins: null });
    await expectReaders(client, { [SPA]: false, 'https://app.example.com': true });
  });

  test.each([
    ['*', 'application.allowedOrigins[0]'],
    ['null', 'application.allowedOrigins[0]'],
    ['https://spa.example.com/', 'application.allowedOrigins[0]'],
    ['https://spa.example.com/path', 'application.allowedOrigins[0]'],
    ['https://spa.example.com?x', 'application.allowedOrigins[0]'],
    ['https://spa.example.com:443', 'application.allowedOrigins[0]'],
    ['https://SPA.example.com', 'application.allowedOrigins[0]'],
    ['https://user@spa.example.com', 'application.allowedOrigins[0]'],
    ['https://*.example.com', 'application.allowedOrigins[0]'],
    ['https://spa.example.com https://other.example.com', 'application.allowedOrigins[0]'],
    ['http://spa.example.com', 'application.allowedOrigins[0]'],
    ['spa.example.com', 'application.allowedOrigins[0]'],
    ['javascript://spa.example.com', 'application.allowedOrigins[0]'],
    ['file://localhost', 'application.allowedOrigins[0]'],
    ['', 'application.allowedOrigins[0]'],
    [5, 'application.allowedOrigins[0]'],
  ])('[AS-60] %j is none, and is refused by name', async (origin, path) => {
    const create = suite.server.register({ ...FOR_USERS, allowedOrigins: [origin as string] });
    await expect(create).rejects.toMatchObject({ name: 'ConfigurationError', message: expect.stringContaining(path) });
  });

  test('[AS-60] are a list of at most 50', async () => {
    const many = Array.from({ length: 51 }, (_, index) => `https://${index}.example.com`);
    for (const allowedOrigins of [SPA as never, many]) {
      const create = suite.server.register({ ...FOR_USERS, allowedOrigins });
      await expect(create).rejects.toThrow('application.allowedOrigins');
    }
    const most = await suite.server.register({ ...FOR_USERS, allowedOrigins: many.slice(0, 50) });
    await expectReaders(most, { 'https://49.example.com': true });
  });

  async function signedIn(): Promise<UserAgent> {
    const agent = suite.agent();
    const page = await agent.get('/oauth2/sign-in');
    await agent.submit(page, { username: 'alice', password: 'ecila' });
    return agent;
  }

  test('[AS-60] are on the pages: entered, shown, changed, and said to be wrong', async () => {
    const agent = await signedIn();
    const form = await agent.get('/oauth2/applications/new');
    const fields = {
      name: 'Spa',
      client_type: 'public',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      redirect_uris: 'https://app.example.com/callback',
      scope: 'read',
    };
    const wrong = await agent.submit(form, { ...fields, allowed_origins: `${SPA}\r\nhttps://spa.example.com/path` });
    expect([wrong.status, wrong.body]).toEqual([422, expect.stringContaining('https://spa.example.com/path')]);
    expect(wrong.body).toMatch(/href="#allowedOrigins"/);
    const done = await agent.submit(form, { ...fields, allowed_origins: `${SPA}\r\n\r\n` });
    expect(done.body).toContain(`<code>${SPA}</code>`);
    const clientId = decodeURIComponent(/applications\/([^/?]+)/.exec(done.url)?.[1] ?? '');
    const client = { clientId, clientSecret: '' };
    await expectReaders(client, { [SPA]: true });
    const edit = await agent.get(`/oauth2/applications/${encodeURIComponent(clientId)}/edit`);
    expect(edit.body).toContain(SPA);
    const { client_type: _fixed, ...rest } = fields;
    await agent.submit(edit, { ...rest, allowed_origins: 'https://other.example.com' });
    await expectReaders(client, { [SPA]: false, 'https://other.example.com': true });
  });

  test('[AS-55, AS-60] a change of them by the owner ends what staff trusted', async () => {
    const { applications } = suite.server.oauth2;
    const trusted = await suite.server.register({
      ...FOR_USERS,
      clientType: 'public',
      userId: 'alice',
      skipAuthorization: true,
    });
    await applications.update(trusted.clientId, { allowedOrigins: [SPA] }, { ownedBy: 'alice' });
    expect((await applications.findByClientId(trusted.clientId))?.skipAuthorization).toBe(false);
  });
});
