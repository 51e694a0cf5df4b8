import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { authorization, authorize, exchange, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import {
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../support/authorization-server.js';
import { UserAgent } from '../../support/user-agent.js';

const CODE = { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [REDIRECT_URI] };

describe.each(['sqlite', 'mariadb'] as const)('with a login of the host (%s)', (kind) => {
  let server: RunningAuthorizationServer;
  let client: TestClient;
  let atHost: string | undefined;
  beforeAll(async () => {
    server = await startAuthorizationServer(kind, {
      options: {
        authenticate: undefined,
        login: { url: () => '/host-login', userId: () => atHost },
      },
    });
    client = await server.register(CODE);
  });
  beforeEach(() => {
    atHost = 'alice';
  });
  afterAll(() => server.close());

  /** Whose tokens the application gets. */
  async function subject(agent: UserAgent): Promise<unknown> {
    const request = authorization(client);
    const code = responseOf(await authorize(agent, request)).get('code') ?? '';
    const answer = await exchange(server, client, { code, verifier: request.verifier });
    const { access_token } = (await answer.json()) as Record<string, string>;
    const token = await server.post('/oauth2/introspect', { token: access_token ?? '' }, client);
    return ((await token.json()) as Record<string, unknown>).sub;
  }

  test('tokens are those of the user who is signed in at the host now, not of who was before', async () => {
    const agent = new UserAgent(server.url);
    expect(await subject(agent)).toBe('alice');
    atHost = 'bob';
    expect(await subject(agent)).toBe('bob');
    expect(await subject(agent)).toBe('bob');
  });

  test('a user who has signed out at the host has to sign in there again', async () => {
    const agent = new UserAgent(server.url);
    expect(await subject(agent)).toBe('alice');
    atHost = undefined;
    const visit = await agent.get(`/oauth2/authorize?${authorization(client).query}`);
    expect(visit.url).toBe(`${server.url}/host-login`);
    const silent = await agent.get(`/oauth2/authorize?${authorization(client, { prompt: 'none' }).query}`);
    expect(responseOf(silent).get('error')).toBe('login_required');
  });
});
