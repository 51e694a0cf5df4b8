import type { OAuth2 } from 'routing-controllers-oauth2';
import { scopes } from './scopes.js';

const CLIENT_ID = 'bookstore-demo';

/** Tokens to try the bookstore with. */
export interface DemoTokens {
  /** Alice, with every scope. */
  readonly alice: string;
  /** Bob, with the scope `read` alone. */
  readonly bob: string;
  /** No user: the application itself (client credentials), with `api` and `read`. */
  readonly application: string;
  /** Alice's, but its time has passed. */
  readonly expired: string;
}

/** Issues tokens for a demo application, which is registered once per database. */
export async function issueDemoTokens(oauth2: OAuth2): Promise<DemoTokens> {
  const application = await demoApplication(oauth2);
  const issue = async (scope: readonly string[], user?: string, lifetimeSeconds?: number): Promise<string> => {
    const { access_token } = await oauth2.tokens.issue({ application, scope, user, lifetimeSeconds });
    return access_token;
  };
  const every = Object.keys(scopes);
  return {
    alice: await issue(every, 'alice'),
    bob: await issue(['read'], 'bob'),
    application: await issue(['api', 'read']),
    expired: await issue(every, 'alice', -1),
  };
}

async function demoApplication({ applications }: OAuth2) {
  const known = await applications.findByClientId(CLIENT_ID);
  if (known !== undefined) return known;
  try {
    const created = await applications.create({
      name: 'Bookstore demo',
      clientId: CLIENT_ID,
      grantTypes: ['client_credentials'],
    });
    return created.application;
  } catch (error) {
    // Another process may have been faster.
    const other = await applications.findByClientId(CLIENT_ID);
    if (other === undefined) throw error;
    return other;
  }
}

/** Lines that can be pasted into a shell as they are, each with what it answers. */
export function curlLines(url: string, { alice, bob, application, expired }: DemoTokens): string[] {
  const get = (path: string, token?: string) =>
    `curl -i '${url}${path}'${token === undefined ? '' : ` -H 'Authorization: Bearer ${token}'`}`;
  const json = (line: string, body: object) =>
    `${line} -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
  return [
    '# 200: no credentials are needed',
    get('/health'),
    '# 401 with a challenge: no credentials',
    get('/api/protected'),
    '# 200: alice, with every scope',
    get('/api/protected', alice),
    get('/api/token-info', alice),
    json(get('/books', alice), { title: 'Alice in Wonderland', author: 'Lewis Carroll', publishedYear: 1865 }),
    get('/books', alice),
    '# 200, then 403: bob has the scope read, not the scope api',
    get('/api/read-write', bob),
    get('/api/protected', bob),
    '# 200, then 403: an application without a user',
    get('/api/protected', application),
    get('/api/user-only', application),
    '# 401: the token has expired',
    get('/api/protected', expired),
    '# 200, ten times in an hour; then 429',
    get('/api/open'),
    '# 200: a session',
    json(`curl -i -c cookies.txt '${url}/session'`, { username: 'bob', password: 'builder' }),
    `curl -i -b cookies.txt '${url}/api/hybrid'`,
  ];
}
