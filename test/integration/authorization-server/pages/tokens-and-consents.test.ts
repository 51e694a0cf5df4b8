import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../../src/core/digest.js';
import { only, PagesServer, passwordOf } from './pages-server.js';

describe('tokens, for staff', () => {
  let pages: PagesServer;

  beforeAll(async () => {
    pages = await PagesServer.start();
  });

  afterAll(() => pages.close());

  async function issue() {
    const client = await pages.register({ name: 'Machine', grantTypes: ['client_credentials'], redirectUris: [] });
    const answer = await pages.server.token({ grant_type: 'client_credentials', scope: 'read' }, client);
    const token = answer.access_token as string;
    return { client, token, hash: sha256(token).toString('hex') };
  }

  test('[AS-37 §5.1.4.1.3] a token is found by its client and by the beginning of its digest, and never shown', async () => {
    const carol = await pages.signedIn('carol');
    const { client, token, hash } = await issue();
    for (const query of [`client_id=${client.clientId}`, `hash=${hash.slice(0, 8)}`, `hash=${hash.toUpperCase()}`]) {
      const page = await carol.get(`/oauth2/staff/tokens?${query}`);
      expect(page.html).toContain(hash.slice(0, 12));
      expect(page.html).not.toContain(token);
    }
    expect((await carol.get('/oauth2/staff/tokens?client_id=nobody')).html).toContain('No token matches.');
    expect((await carol.get('/oauth2/staff/tokens')).html).not.toContain('No token matches.');
  });

  test('[AS-37 §5.1.4.1.3] a token that is pasted into the search by mistake does not come back', async () => {
    const carol = await pages.signedIn('carol');
    const { token } = await issue();
    const page = await carol.get(`/oauth2/staff/tokens?hash=${token}`);
    expect(page.status).toBe(400);
    expect(page.html).not.toContain(token);
  });

  test('staff revokes a token, and asks first', async () => {
    const carol = await pages.signedIn('carol');
    const { client, token, hash } = await issue();
    const page = await carol.get(`/oauth2/staff/tokens?hash=${hash}`);
    const url = /href="([^"]*\/revoke)"/.exec(page.html)?.[1] ?? '';
    const ask = await carol.get(url);
    expect(ask.heading).toBe('Revoke token?');
    const answer = await carol.submit(only(ask));
    expect(answer.location).toBe('/oauth2/staff/tokens?done=revoked');
    const inspected = await pages.server.post('/oauth2/introspect', { token }, client);
    expect(await inspected.json()).toEqual({ active: false });
    expect((await carol.get(`/oauth2/staff/tokens?hash=${hash}`)).html).toContain('Revoked');
  });

  test.each(['access/0', 'access/99999999', 'access/1e3', 'refresh/-1', 'other/1', 'access/999999999999999999999'])(
    'there is no token %s: 404',
    async (path) => {
      const carol = await pages.signedIn('carol');
      expect((await carol.get(`/oauth2/staff/tokens/${path}/revoke`)).status).toBe(404);
    },
  );
});

describe('authorized applications', () => {
  let pages: PagesServer;

  beforeAll(async () => {
    pages = await PagesServer.start();
  });

  afterAll(() => pages.close());

  test('what was allowed is listed, and withdrawn after asking; then consent is asked for again', async () => {
    const agent = pages.agent();
    const client = await pages.register({ name: 'Allowed' });
    const login = await pages.authorize(agent, client);
    const consent = await agent.follow(
      await agent.submit(only(login), { username: 'alice', password: passwordOf('alice') }),
    );
    await agent.follow(await agent.submit(only(consent), { decision: 'allow' }));
    const list = await agent.get('/oauth2/authorized-applications');
    expect(list.html).toContain('Allowed');
    expect(list.html).toContain('Read your books');
    const url = `/oauth2/authorized-applications/${client.clientId}/withdraw`;
    const bob = await pages.signedIn('bob');
    expect((await bob.get(url)).status).toBe(404);
    const ask = await agent.get(url);
    expect(ask.heading).toBe('Withdraw access?');
    const done = await agent.follow(await agent.submit(only(ask)));
    expect(done.html).toContain('The access was withdrawn.');
    expect(done.html).toContain('No application may act for you.');
    expect((await agent.submit(only(ask))).status).toBe(404);
    expect((await pages.authorize(agent, client)).heading).toBe('Allow access?');
  });
});
