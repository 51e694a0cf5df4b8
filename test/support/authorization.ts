import type { RunningAuthorizationServer, TestClient } from './authorization-server.js';
import { pkce, targetOf, UserAgent, type Visit } from './user-agent.js';

export const REDIRECT_URI = 'https://app.example.com/callback';

/** A request at the authorization endpoint, on its way. */
export interface Authorization {
  readonly verifier: string;
  readonly query: URLSearchParams;
}

/** The parameters of a request that is in order; others can be put in, `undefined` leaves one out. */
export function authorization(
  client: TestClient,
  parameters: Readonly<Record<string, string | undefined>> = {},
): Authorization {
  const { verifier, challenge } = pkce();
  const all = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: REDIRECT_URI,
    scope: 'read',
    state: 'a state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...parameters,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { verifier, query: new URLSearchParams(given) };
}

/** Goes to the authorization endpoint, signs in and consents where that is asked for. Ends where the browser ends. */
export async function authorize(
  agent: UserAgent,
  request: Authorization,
  { user = 'alice', decision = 'allow' }: { readonly user?: string; readonly decision?: 'allow' | 'deny' } = {},
): Promise<Visit> {
  let visit = await agent.get(`/oauth2/authorize?${request.query}`);
  if (visit.body.includes('name="password"')) {
    visit = await agent.submit(visit, { username: user, password: [...user].reverse().join('') });
  }
  if (visit.body.includes('name="decision"')) visit = await agent.submit(visit, { decision });
  return visit;
}

/** The parameters of the response that is sent to the application. */
export function responseOf(visit: Visit): URLSearchParams {
  return targetOf(visit).searchParams;
}

/** Gets a code for a client. */
export async function codeFor(
  server: RunningAuthorizationServer,
  client: TestClient,
  parameters: Readonly<Record<string, string | undefined>> = {},
  agent = new UserAgent(server.url),
): Promise<{ readonly code: string; readonly verifier: string }> {
  const request = authorization(client, parameters);
  const response = responseOf(await authorize(agent, request));
  const code = response.get('code');
  if (code === null) throw new Error(`There is no code: ${response}`);
  return { code, verifier: request.verifier };
}

/** Exchanges a code. */
export function exchange(
  server: RunningAuthorizationServer,
  client: TestClient,
  { code, verifier }: { readonly code: string; readonly verifier: string },
  parameters: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return server.post(
    '/oauth2/token',
    {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: REDIRECT_URI,
      ...(client.clientSecret === '' && { client_id: client.clientId }),
      ...parameters,
    },
    client,
  );
}
