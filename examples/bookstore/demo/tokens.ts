import type { OAuth2 } from 'routing-controllers-oauth2';
import { scopes } from '../scopes.js';
import { SERVICE_ID } from './applications.js';

/** Tokens to try the bookstore with. */
export interface DemoTokens {
  /** Alice, with every scope. */
  readonly alice: string;
  /** Bob's, with only the scope `read`. */
  readonly bob: string;
  /** Without a user: the application itself (client credentials), with `api` and `read`. */
  readonly application: string;
  /** Alice's, but expired. */
  readonly expired: string;
}

/** Issues tokens of the demo's service. */
export async function issueDemoTokens(oauth2: OAuth2): Promise<DemoTokens> {
  const issue = async (scope: readonly string[], user?: string, lifetimeSeconds?: number): Promise<string> => {
    const { access_token } = await oauth2.tokens.issue({ application: SERVICE_ID, scope, user, lifetimeSeconds });
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
