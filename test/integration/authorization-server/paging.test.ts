import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../src/core/digest.js';
import { codeFor, exchange, REDIRECT_URI } from '../../support/authorization.js';
import {
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
  type TestUser,
} from '../../support/authorization-server.js';
import { UserAgent, type Visit } from '../../support/user-agent.js';

/** The links of the paging of a list, by their texts. */
function links({ body }: Visit): Record<string, string> {
  const navigation = /<nav aria-label="Pages of this list"[^>]*>(.*?)<\/nav>/s.exec(body)?.[1] ?? '';
  const found = [...navigation.matchAll(/<a [^>]*href="([^"]*)">([^<]*)<\/a>/g)];
  return Object.fromEntries(found.map(([, href = '', text = '']) => [text, href.replaceAll('&amp;', '&')]));
}

function namesOn({ body }: Visit): string[] {
  return [...body.matchAll(/<h2><a [^>]*><bdi>([^<]*)<\/bdi>/g)].map(([, name = '']) => name);
}

function hashesOn({ body }: Visit): string[] {
  return [...body.matchAll(/<th scope="row"[^>]*><code>([^<]*)<\/code>/g)].map(([, hash = '']) => hash);
}

describe.each(['sqlite', 'mariadb'] as const)('lists of more than one page, on %s', (kind) => {
  let server: RunningAuthorizationServer;
  let carol: UserAgent;
  let client: TestClient;
  /** The digests of the tokens of alice at the client, as far as they are shown. */
  const issued: string[] = [];

  beforeAll(async () => {
    server = await startAuthorizationServer(kind, {
      options: { isStaff: (user) => (user as TestUser).id === 'carol' },
    });
    const agent = new UserAgent(server.url);
    client = await server.register({
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: [REDIRECT_URI],
      skipAuthorization: true,
    });
    for (let count = 0; count < 53; count += 1) {
      const answer = await exchange(server, client, await codeFor(server, client, {}, agent));
      const { access_token = '', refresh_token = '' } = (await answer.json()) as Record<string, string>;
      issued.push(...[access_token, refresh_token].map((token) => sha256(token).toString('hex').slice(0, 12)));
    }
    for (let count = 1; count <= 103; count += 1) await server.register({ name: `Hers ${count}`, userId: 'carol' });
    await server.register({ name: 'His', userId: 'bob' });
    carol = await signedIn('carol');
  }, 60_000);
  afterAll(() => server.close());

  async function signedIn(userId: string): Promise<UserAgent> {
    const agent = new UserAgent(server.url);
    await agent.submit(await agent.get('/oauth2/sign-in'), {
      username: userId,
      password: [...userId].reverse().join(''),
    });
    return agent;
  }

  /** All pages from one on, by their links. */
  async function pagesFrom(agent: UserAgent, url: string): Promise<Visit[]> {
    const pages = [await agent.get(url)];
    for (;;) {
      const { Older: older } = links(pages.at(-1) as Visit);
      if (older === undefined) return pages;
      pages.push(await agent.get(older));
    }
  }

  const hers = Array.from({ length: 103 }, (_, index) => `Hers ${103 - index}`);

  test.each(['/oauth2/staff/applications?user_id=carol', '/oauth2/applications'])(
    'every application of %s is on exactly one page, the newest first',
    async (url) => {
      const pages = await pagesFrom(carol, url);
      expect(pages.map((page) => namesOn(page).length)).toEqual([50, 50, 3]);
      expect(pages.flatMap(namesOn)).toEqual(hers);
      expect(pages.map((page) => Object.keys(links(page)))).toEqual([
        ['Older'],
        ['Back to the newest', 'Older'],
        ['Back to the newest'],
      ]);
    },
  );

  test('what was looked for stays, in the links and in the fields', async () => {
    const [, second = undefined as never] = await pagesFrom(
      carol,
      '/oauth2/staff/applications?user_id=carol&done=saved',
    );
    expect(links(second)['Back to the newest']).toBe('/oauth2/staff/applications?user_id=carol');
    expect(second.url).toMatch(/\/oauth2\/staff\/applications\?user_id=carol&before=\d+$/);
    expect(second.body).toMatch(/name="user_id"[^>]* value="carol"/);
    expect(second.body).not.toContain('class="notice"');
  });

  test('without a search staff gets to the first application that there is', async () => {
    const pages = await pagesFrom(carol, '/oauth2/staff/applications');
    expect(pages.flatMap(namesOn)).toEqual(['His', ...hers, 'Test application']);
    expect(links(pages.at(-1) as Visit)).toEqual({ 'Back to the newest': '/oauth2/staff/applications' });
  });

  test('owners page through their own only, whatever their query says', async () => {
    const bob = await signedIn('bob');
    expect(namesOn(await bob.get('/oauth2/applications?user_id=carol&before=999999'))).toEqual(['His']);
    expect((await bob.get('/oauth2/staff/applications?before=9')).status).toBe(403);
  });

  test.each(['client_id', 'user_id'])(
    'every token of a search by %s is on exactly one page, of both kinds',
    async (by) => {
      const value = by === 'client_id' ? client.clientId : 'alice';
      const pages = await pagesFrom(carol, `/oauth2/staff/tokens?${by}=${value}`);
      expect(pages.map((page) => hashesOn(page).length)).toEqual([50, 50, 6]);
      expect(pages.flatMap(hashesOn).sort()).toEqual([...issued].sort());
      const shown = pages.flatMap(hashesOn);
      expect([shown[0], shown.at(-1)]).toEqual([issued.at(-2), issued[1]]);
      expect(links(pages[1] as Visit)['Back to the newest']).toBe(`/oauth2/staff/tokens?${by}=${value}`);
    },
  );

  test('a list of one page has no links, and one that has grown too short leads back', async () => {
    expect(links(await carol.get('/oauth2/staff/applications?user_id=bob'))).toEqual({});
    expect(links(await carol.get('/oauth2/staff/tokens?user_id=bob'))).toEqual({});
    for (const list of ['applications', 'staff/applications', 'staff/tokens']) {
      const query = list === 'staff/tokens' ? 'user_id=alice&before_access=1&before_refresh=1' : 'before=1';
      const page = await carol.get(`/oauth2/${list}?${query}`);
      expect([list, page.status, Object.keys(links(page))]).toEqual([list, 200, ['Back to the newest']]);
      expect(page.body).toMatch(/<p class="empty"[^>]*>No (application|token) matches\./);
    }
  });

  test.each(['0', '-1', '1.5', '1e3', '01', 'x', '9'.repeat(16), '<script>', '%00', '1&before=2'])(
    'a page before %s does not exist: 400',
    async (before) => {
      for (const url of [
        `/oauth2/applications?before=${before}`,
        `/oauth2/staff/applications?before=${before}`,
        `/oauth2/staff/tokens?user_id=alice&before_access=${before.replace('before', 'before_access')}`,
      ]) {
        const { status, body } = await carol.get(url);
        expect([url, status, body.includes('<script>')]).toEqual([url, 400, false]);
      }
    },
  );

  test('what was looked for is escaped in the links', async () => {
    const hostile = '"><script>alert(1)</script>&done=saved';
    const page = await carol.get(`/oauth2/staff/applications?before=5&user_id=${encodeURIComponent(hostile)}`);
    expect(page.body).not.toContain('<script>');
    const [url = ''] = Object.values(links(page));
    expect([...new URL(url, server.url).searchParams]).toEqual([['user_id', hostile]]);
  });
});
