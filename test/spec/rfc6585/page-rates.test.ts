import { describe, expect, test } from '@jest/globals';
import { STACKS } from '../../support/bookstore.js';
import { useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { UserAgent, type Visit } from '../../support/user-agent.js';

const passwordOf = (user: string) => [...user].reverse().join('');

describe.each(STACKS)('what a user does on the pages, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { throttling: { registration: '3/h' } } });

  async function signedIn(user: string): Promise<UserAgent> {
    const agent = new UserAgent(suite.url);
    const page = await agent.get('/oauth2/sign-in');
    expect((await agent.submit(page, { username: user, password: passwordOf(user) })).status).toBe(200);
    return agent;
  }
  async function register(agent: UserAgent): Promise<Visit> {
    const form = await agent.get('/oauth2/applications/new');
    return agent.submit(form, {
      ...{ name: 'Mine', client_type: 'confidential' },
      ...{ grant_type: 'authorization_code', redirect_uris: 'https://a.example/cb' },
    });
  }
  const applicationsOf = (userId: string) => suite.server.oauth2.applications.list({ userId });
  function expectThrottled({ status, headers, body }: Visit): void {
    expect(status).toBe(429);
    expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(body).toContain('Try again later.');
  }

  test('[AS-54 §4] registering applications and replacing their secrets has a rate, by user', async () => {
    const [alice, bob] = [await signedIn('alice'), await signedIn('bob')];
    const registered = await register(alice);
    expect(registered.status).toBe(200);
    const { pathname } = new URL(registered.url);
    const rotate = async () => alice.submit(await alice.get(`${pathname}/secret`), {});
    expect((await rotate()).status).toBe(200);
    const before = (await applicationsOf('alice'))[0]?.clientSecretHash;
    expect((await register(alice)).status).toBe(200);
    expectThrottled(await register(alice));
    expectThrottled(await rotate());
    expect(await applicationsOf('alice')).toHaveLength(2);
    expect((await applicationsOf('alice'))[0]?.clientSecretHash).toEqual(before);
    expect((await register(bob)).status).toBe(200);
  });
});
