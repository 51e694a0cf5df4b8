import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, authorize, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  type AuthorizationServerSuite,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';
import { type FormOnPage, formsOf, type UserAgent, type Visit } from '../../support/user-agent.js';

/** What a browser would send of the fields whose values the agent does not read. */
const FIELDS = { grant_type: 'authorization_code', redirect_uris: REDIRECT_URI, scope: 'read' };
const REFUSED = 'Pushed Authorization Request must be used';

/** The form for an application. The agent sends no `<select>` by itself, like a page that has none. */
function formWithName(visit: Visit): FormOnPage {
  return formsOf(visit).find(({ fields }) => 'name' in fields) as FormOnPage;
}

/** Where a request that was not pushed ends: on a page, since nobody is signed in. */
async function expectRefused(suite: AuthorizationServerSuite, client: TestClient): Promise<void> {
  const visit = await suite.ask(client);
  const said = visit.status === 400 ? visit.body : decodeURIComponent(visit.headers.get('location') ?? '');
  expect(said.replaceAll('+', ' ')).toContain(REFUSED);
  expect(visit.body).not.toContain('name="password"');
}

async function expectPushed(suite: AuthorizationServerSuite, client: TestClient): Promise<void> {
  const { query, verifier } = authorization(client);
  const pushed = await suite.post('/oauth2/par', Object.fromEntries(query), client);
  expect(pushed.status).toBe(201);
  const reference = new URLSearchParams({ client_id: client.clientId, request_uri: String(pushed.body.request_uri) });
  const code = responseOf(await authorize(suite.agent(), { verifier, query: reference })).get('code') ?? '';
  expect((await suite.exchange(client, { code, verifier })).status).toBe(200);
}

describe.each(STACKS)('an application that must push its requests, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: { isStaff: (user) => (user as { id: string }).id === 'carol', ownerScopes: ['read'] },
  });
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, requirePushedAuthorizationRequests: true });
  });

  test('[AS-41 §6] is refused at the authorization endpoint, and not with a reference', async () => {
    await expectRefused(suite, client);
    await expectPushed(suite, client);
  });

  test('[AS-41 §6] may not begin by a reference of another application', async () => {
    const other = await suite.server.register(FOR_USERS);
    const { query } = authorization(other);
    const pushed = await suite.post('/oauth2/par', Object.fromEntries(query), other);
    const reference = new URLSearchParams({ client_id: client.clientId, request_uri: String(pushed.body.request_uri) });
    const visit = await suite.agent().get(`/oauth2/authorize?${reference}`);
    expect(visit.body).not.toContain('name="password"');
  });

  async function signIn(user: string, path: string): Promise<{ agent: UserAgent; visit: Visit }> {
    const agent = suite.agent();
    const login = await agent.get(path);
    return { agent, visit: await agent.submit(login, { username: user, password: [...user].reverse().join('') }) };
  }

  test.each([
    ['its owner', 'alice', '/oauth2/applications'],
    ['staff', 'carol', '/oauth2/staff/applications'],
  ])('[AS-41 §6] %s demands it on the pages, and no longer', async (_who, user, list) => {
    const { applications } = suite.server.oauth2;
    const { application } = await applications.create({
      name: 'Web',
      userId: 'alice',
      registeredBy: 'owner',
      ...FOR_USERS,
      clientType: 'public',
      scopes: ['read'],
    });
    const { clientId } = application;
    const edit = `${list}/${clientId}/edit`;
    const { agent, visit } = await signIn(user, edit);
    const saved = await agent.send(formWithName(visit), { ...FIELDS, authorization_requests: 'pushed' });
    expect(saved.body).toContain('Only pushed ones');
    expect((await applications.findByClientId(clientId))?.requirePushedAuthorizationRequests).toBe(true);
    await expectRefused(suite, { clientId, clientSecret: '' });
    const again = await agent.get(edit);
    expect(again.body).toContain('<option value="pushed" selected>');
    await agent.send(formWithName(again), { ...FIELDS, authorization_requests: 'any' });
    expect((await applications.findByClientId(clientId))?.requirePushedAuthorizationRequests).toBe(false);
    expect((await suite.ask({ clientId, clientSecret: '' })).status).toBe(200);
  });

  test('[AS-41 §6] a page of the host without that field changes nothing of it', async () => {
    const { applications } = suite.server.oauth2;
    const { application } = await applications.create({
      name: 'Web',
      userId: 'alice',
      registeredBy: 'owner',
      ...FOR_USERS,
      requirePushedAuthorizationRequests: true,
      scopes: ['read'],
    });
    const { agent, visit } = await signIn('alice', `/oauth2/applications/${application.clientId}/edit`);
    await agent.send(formWithName(visit), { ...FIELDS, name: 'Other' });
    const stored = await applications.findByClientId(application.clientId);
    expect([stored?.name, stored?.requirePushedAuthorizationRequests]).toEqual(['Other', true]);
  });
});

describe.each(STACKS)('pushed requests required of all, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { requirePushedAuthorizationRequests: true } });

  test('[AS-41 §5] no application is let in without, and the metadata say so', async () => {
    const client = await suite.server.register(FOR_USERS);
    await expectRefused(suite, client);
    await expectPushed(suite, client);
    const { body } = await suite.send('/.well-known/oauth-authorization-server');
    expect(body.require_pushed_authorization_requests).toBe(true);
  });
});
