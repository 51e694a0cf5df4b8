import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { createOAuth2 } from '../../../src/public/index.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const NOTES = 'https://notes.example.com';
const MUSIC = 'https://music.example.com/api';

describe.each(STACKS)('a default resource, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: {
      // The slash of a bare origin does not matter.
      defaultResource: `${NOTES}/`,
      resources: {
        [NOTES]: { scopes: ['read'], accessTokenLifetimeSeconds: 60 },
        [MUSIC]: { scopes: ['read', 'write'] },
      },
    },
  });
  let client: TestClient;
  let machine: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
    machine = await suite.server.register();
  });
  const audienceOf = async (by: TestClient, token: unknown) => (await suite.introspect(by, String(token))).body.aud;

  test('[AS-42 §2] a request that names none is for it, with its scopes and lifetime', async () => {
    const answer = await suite.token({ grant_type: 'client_credentials', scope: 'read' }, machine);
    expect([answer.status, answer.body.expires_in]).toEqual([200, 60]);
    expect(await audienceOf(machine, answer.body.access_token)).toBe(NOTES);
    const other = await suite.token({ grant_type: 'client_credentials', scope: 'write' }, machine);
    expect([other.status, other.body.error]).toEqual([400, 'invalid_scope']);
  });

  test('[AS-42 §2] a code is for it, and so is what is refreshed', async () => {
    const tokens = await suite.tokens(client, { scope: 'read offline_access' });
    expect(await audienceOf(client, tokens.access_token)).toBe(NOTES);
    const refreshed = await suite.refresh(client, tokens.refresh_token);
    expect(await audienceOf(client, refreshed.body.access_token)).toBe(NOTES);
  });

  test('[AS-42 §2] a request that names another is for that one', async () => {
    const own = { grant_type: 'client_credentials', scope: 'write', resource: MUSIC };
    expect(await audienceOf(machine, (await suite.token(own, machine)).body.access_token)).toBe(MUSIC);
    const tokens = await suite.tokens(client, { scope: 'read', resource: MUSIC });
    expect(await audienceOf(client, tokens.access_token)).toBe(MUSIC);
  });

  test('[AS-42 §2] the slash of a bare origin names no other resource, at every endpoint', async () => {
    const own = { grant_type: 'client_credentials', scope: 'read', resource: `${NOTES}/` };
    expect(await audienceOf(machine, (await suite.token(own, machine)).body.access_token)).toBe(NOTES);
    const code = await suite.code(client, { scope: 'read', resource: `${NOTES}/` });
    const answer = await suite.exchange(client, code, { resource: NOTES });
    expect([answer.status, await audienceOf(client, answer.body.access_token)]).toEqual([200, NOTES]);
    const bare = await suite.code(client, { scope: 'read', resource: NOTES });
    expect((await suite.exchange(client, bare, { resource: `${NOTES}/` })).status).toBe(200);
  });
});

test('[AS-42] a default resource that is not known is refused at start-up', () => {
  const make = (defaultResource: string) => () =>
    createOAuth2({
      database: ':memory:',
      scopes: { read: 'Read' },
      authorizationServer: authorizationServer({
        issuer: 'https://as.example',
        encryptionKeys: [randomBytes(32)],
        defaultResource,
      }),
    });
  expect(make('https://unknown.example')).toThrow(/defaultResource/);
  expect(make('no URI')).toThrow(/defaultResource/);
});
