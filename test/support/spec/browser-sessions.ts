import { beforeAll, expect } from '@jest/globals';
import { authorization, responseOf } from '../authorization.js';
import type { AuthorizationServerTestOptions, TestClient, TestUser } from '../authorization-server.js';
import type { StackName } from '../bookstore.js';
import { UserAgent } from '../user-agent.js';
import { FOR_USERS, useAuthorizationServer } from './authorization-server.js';

export const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
export const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

/** Name and password of a user, as the form of the sign-in page takes them. */
export const credentials = (user: string) => ({ username: user, password: [...user].reverse().join('') });

/** Runs an authorization server whose users sign in with browsers; carol is staff. */
export function useBrowserSessions(name: StackName, given: AuthorizationServerTestOptions = {}) {
  const suite = useAuthorizationServer(name, {
    ...given,
    oauth2: { trustedProxies: 1 },
    options: {
      isStaff: (user) => (user as TestUser).id === 'carol',
      sessionIdleSeconds: 1000,
      sessionLifetimeSeconds: 3000,
      ...given.options,
    },
  });
  let client: TestClient | undefined;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, skipAuthorization: true });
  });
  const trusted = (): TestClient => {
    if (client === undefined) throw new Error('The application is registered only while tests run.');
    return client;
  };

  let users = 0;
  /** A user whom no other test has signed in. */
  function freshUser(): string {
    users += 1;
    const id = `user-${users}`;
    suite.server.users.set(id, { id, active: true });
    return id;
  }

  const sessions = () => suite.server.oauth2.sessions;
  const agentAs = (userAgent: string, address = '203.0.113.7') =>
    new UserAgent(suite.url, { 'user-agent': userAgent, 'x-forwarded-for': address });

  async function signedIn(user: string, agent = suite.agent()): Promise<UserAgent> {
    const done = await agent.submit(await agent.get('/oauth2/sign-in'), credentials(user));
    expect(done.status).toBe(200);
    return agent;
  }

  const silently = (agent: UserAgent, parameters = {}) =>
    agent.get(`/oauth2/authorize?${authorization(trusted(), { prompt: 'none', ...parameters }).query}`);
  const isSignedIn = async (agent: UserAgent) => responseOf(await silently(agent)).has('code');

  /** Signed out means: an application learns of it, in the words of OpenID Connect, and gets nothing. */
  async function expectSignedOut(agent: UserAgent): Promise<void> {
    const answer = responseOf(await silently(agent));
    expect([answer.get('error'), answer.get('code')]).toEqual(['login_required', null]);
  }

  return { suite, trusted, freshUser, sessions, agentAs, signedIn, isSignedIn, expectSignedOut };
}
