import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const NOTES = 'https://notes.example.com';
const MUSIC = 'https://music.example.com/api';

describe.each(STACKS)('resource indicators, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: {
      resources: {
        [NOTES]: { scopes: ['read', 'write'], accessTokenLifetimeSeconds: 60 },
        [MUSIC]: { scopes: ['read'] },
      },
    },
  });
  let client: TestClient;
  let machine: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
    machine = await suite.server.register();
  });

  const own = (resource: string) => suite.token({ grant_type: 'client_credentials', scope: 'read', resource }, machine);
  const audienceOf = async (by: TestClient, token: unknown) => (await suite.introspect(by, String(token))).body.aud;

  test('[AS-42 §2] a token for a resource names it as its audience, and lives as long as is said there', async () => {
    const answer = await own(NOTES);
    expect([answer.status, answer.body.expires_in, answer.body.scope]).toEqual([200, 60, 'read']);
    expect(await audienceOf(machine, answer.body.access_token)).toBe(NOTES);
    const other = await own(MUSIC);
    expect([other.body.expires_in, await audienceOf(machine, other.body.access_token)]).toEqual([3600, MUSIC]);
  });

  test.each([
    'https://unknown.example.com',
    `${MUSIC}/`,
    `${NOTES}//`,
    `${NOTES}:443`,
    'HTTPS://notes.example.com',
    `${NOTES}#fragment`,
    'notes',
    '/notes',
    'urn:',
    'constructor',
    '*',
  ])('[AS-42 §2] resource=%s is invalid_target, at every endpoint', async (resource) => {
    expectError(await own(resource), 400, 'invalid_target');
    expect(responseOf(await suite.ask(client, { resource })).get('error')).toBe('invalid_target');
    const pushed = Object.fromEntries(authorization(client, { resource }).query);
    expectError(await suite.post('/oauth2/par', pushed, client), 400, 'invalid_target');
    const device = { scope: 'read', resource };
    expectError(await suite.post('/oauth2/device_authorization', device, client), 400, 'invalid_target');
  });

  test('[AS-42 §2] a bare origin has one name, with a slash and without, at every endpoint', async () => {
    const slashed = await own(`${NOTES}/`);
    expect([slashed.status, await audienceOf(machine, slashed.body.access_token)]).toEqual([200, NOTES]);
    const code = await suite.code(client, { resource: `${NOTES}/` });
    const tokens = await suite.exchange(client, code, { resource: NOTES });
    expect([tokens.status, await audienceOf(client, tokens.body.access_token)]).toEqual([200, NOTES]);
    const pushed = Object.fromEntries(authorization(client, { resource: `${NOTES}/` }).query);
    expect((await suite.post('/oauth2/par', pushed, client)).status).toBe(201);
    expect(
      (await suite.post('/oauth2/device_authorization', { scope: 'read', resource: `${NOTES}/` }, client)).status,
    ).toBe(200);
  });

  test('[AS-42 RFC 6749 §3.3] a scope that means nothing there is invalid_scope, not left out', async () => {
    for (const scope of ['read write', 'write']) {
      const answer = await suite.token({ grant_type: 'client_credentials', scope, resource: MUSIC }, machine);
      expectError(answer, 400, 'invalid_scope');
    }
    expect(
      (await suite.token({ grant_type: 'client_credentials', scope: 'read write', resource: NOTES }, machine)).body
        .scope,
    ).toBe('read write');
  });

  test('[AS-42 §2] two resources in one token request are refused: a token is for one of them', async () => {
    const form = new URLSearchParams({ grant_type: 'client_credentials', scope: 'read' });
    form.append('resource', NOTES);
    form.append('resource', MUSIC);
    const answer = await suite.token(form.toString(), machine);
    expectError(answer, 400, 'invalid_target');
  });

  test('[AS-42 §2.2] a code for a resource gives tokens for it, and for no other', async () => {
    const tokens = await suite.tokens(client, { resource: NOTES });
    expect(tokens).toMatchObject({ scope: 'read', expires_in: 60 });
    expect(await audienceOf(client, tokens.access_token)).toBe(NOTES);
    const other = await suite.code(client, { resource: NOTES });
    expectError(await suite.exchange(client, other, { resource: MUSIC }), 400, 'invalid_target');
  });

  test('[AS-42 §2.2] a refresh stays with it, and may not widen it', async () => {
    const { refresh_token } = await suite.tokens(client, { resource: NOTES });
    for (const resource of [MUSIC, 'https://unknown.example.com', 'nonsense']) {
      expectError(await suite.refresh(client, refresh_token, { resource }), 400, 'invalid_target');
    }
    const next = await suite.refresh(client, refresh_token);
    expect(next.status).toBe(200);
    expect(await audienceOf(client, next.body.access_token)).toBe(NOTES);
    const named = await suite.refresh(client, String(next.body.refresh_token), { resource: NOTES });
    expect(await audienceOf(client, named.body.access_token)).toBe(NOTES);
  });

  test('[AS-42 §2.2] a grant without a resource gives none for one', async () => {
    const { refresh_token } = await suite.tokens(client);
    expectError(await suite.refresh(client, refresh_token, { resource: NOTES }), 400, 'invalid_target');
    expectError(await suite.exchange(client, await suite.code(client), { resource: NOTES }), 400, 'invalid_target');
  });
});
