import { createHash, randomBytes } from 'node:crypto';
import type { NewApplication } from '../../../../src/storage/index.js';
import {
  type AuthorizationServerTestOptions,
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
  type TestUser,
} from '../../../support/authorization-server.js';
import { Agent, type Answer } from './agent.js';

/** Where the answers to the applications of these tests go. Nobody is there. */
export const CALLBACK = 'https://shop.example/callback';

/** An authorization server with its pages, on SQLite; carol is staff. */
export class PagesServer {
  private constructor(readonly server: RunningAuthorizationServer) {}

  static async start(test: AuthorizationServerTestOptions = {}): Promise<PagesServer> {
    const options = { isStaff: (user: unknown) => (user as TestUser).id === 'carol', ...test.options };
    return new PagesServer(
      await startAuthorizationServer('sqlite', {
        ...test,
        options: { ownerScopes: ['openid', 'offline_access', 'read', 'write', 'api'], ...options },
      }),
    );
  }

  agent(): Agent {
    return new Agent(this.server.url);
  }

  register(application: Partial<NewApplication> = {}): Promise<TestClient> {
    return this.server.register({
      name: 'Shop',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: [CALLBACK],
      ...application,
    });
  }

  /** A browser that a user has signed in with, for the management pages. */
  async signedIn(userId: string): Promise<Agent> {
    const agent = this.agent();
    const page = await agent.get('/oauth2/sign-in');
    const answer = await agent.submit(only(page), { username: userId, password: passwordOf(userId) });
    if (answer.status !== 303) throw new Error(`The sign-in of ${userId} was answered with ${answer.status}.`);
    return agent;
  }

  /** Sends a browser to the authorization endpoint and on to the first page that asks something. */
  async authorize(
    agent: Agent,
    client: TestClient,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: CALLBACK,
      scope: 'read write',
      state: randomBytes(8).toString('hex'),
      code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
      code_challenge_method: 'S256',
      ...parameters,
    });
    return agent.follow(await agent.get(`/oauth2/authorize?${query}`));
  }

  close(): Promise<void> {
    return this.server.close();
  }
}

/** The first form of a page; the login page has a second one, to refuse. */
export function only(answer: Answer) {
  const [form] = answer.forms;
  if (form === undefined) throw new Error(`There is no form on this page (${answer.status}): ${answer.html}`);
  return form;
}

/** The test users' passwords are their ids backwards. */
export function passwordOf(userId: string): string {
  return [...userId].reverse().join('');
}
