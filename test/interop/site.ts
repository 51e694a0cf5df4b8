import { afterAll, beforeAll } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { type RunningAuthorizationServer, startAuthorizationServer } from '../support/authorization-server.js';
import type { DatabaseKind } from '../support/services.js';
import { type FormOnPage, formsOf, targetOf, UserAgent, type Visit } from '../support/user-agent.js';

/** An action that a token with the scope `read` may call. */
@JsonController()
class Books {
  @Get('/books')
  @Authorized(['read'])
  list() {
    return { books: ['Persuasion'] };
  }
}

/** Where the applications of these tests are called back, after a sign-in and after a sign-out. */
export const REDIRECT_URI = 'https://app.example.com/callback';
export const AFTER_SIGN_OUT = 'https://app.example.com/bye';

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** An application of people, with every grant that concerns them. */
export const FOR_PEOPLE = {
  grantTypes: ['authorization_code', 'refresh_token', DEVICE_CODE],
  redirectUris: [REDIRECT_URI],
  postLogoutRedirectUris: [AFTER_SIGN_OUT],
};

/** An authorization server with a guarded action behind it, for the tests of a suite. */
export function useSite(kind: DatabaseKind): { readonly server: RunningAuthorizationServer; books(): URL } {
  let server: RunningAuthorizationServer | undefined;
  const site = {
    get server(): RunningAuthorizationServer {
      if (server === undefined) throw new Error('The server is there while tests run.');
      return server;
    },
    books: () => new URL('/books', site.server.url),
  };
  beforeAll(async () => {
    server = await startAuthorizationServer(kind, { controllers: [Books] });
  });
  afterAll(() => server?.close());
  return site;
}

/** Goes where an application sends the browser, signs alice in and allows what is asked. Ends at the application. */
export async function arrive(server: RunningAuthorizationServer, url: URL, agent = new UserAgent(server.url)) {
  return targetOf(await decide(agent, await agent.get(url.href)));
}

/** Does the same for a device whose user code she was shown. */
export async function approveDevice(server: RunningAuthorizationServer, verificationUri: string): Promise<void> {
  const agent = new UserAgent(server.url);
  const shown = await agent.get(verificationUri);
  // The code stands in the field already.
  const confirm = await agent.send(formWith(shown, 'user_code'));
  await decide(agent, await agent.submit(confirm, { confirm: 'yes' }));
}

/** Signs out, and answers where the browser is sent. */
export async function signOut(agent: UserAgent, url: URL): Promise<URL> {
  return targetOf(await agent.submit(await agent.get(url.href), { logout: 'yes' }));
}

async function decide(agent: UserAgent, first: Visit): Promise<Visit> {
  let visit = first;
  if (visit.body.includes('name="password"')) {
    visit = await agent.submit(visit, { username: 'alice', password: 'ecila' });
  }
  if (visit.body.includes('name="decision"')) visit = await agent.submit(visit, { decision: 'allow' });
  return visit;
}

function formWith(visit: Visit, field: string): FormOnPage {
  const form = formsOf(visit).find(({ fields }) => field in fields);
  if (form === undefined) throw new Error(`No form with ${field}: ${visit.body}`);
  return form;
}

/** A callback with other parameters; `undefined` leaves one out. */
export function changed(callback: URL, parameters: Readonly<Record<string, string | undefined>>): URL {
  const url = new URL(callback);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url;
}

/** Signs in by somebody else's hand: an ID token in an answer says another subject, under the signature it had. */
export async function tampered(response: Response): Promise<Response> {
  const body = (await response.json()) as { id_token: string };
  const [header, payload = '', signature] = body.id_token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
  return Response.json({ ...body, id_token: [header, forged, signature].join('.') });
}
