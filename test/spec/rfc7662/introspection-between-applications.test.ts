import { beforeAll, describe, expect, test } from '@jest/globals';
import { introspectedTokens } from '../../../src/public/index.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { useIntrospection } from '../../support/spec/introspecting-application.js';
import { ScriptedEndpoint } from '../../support/spec/introspection-endpoint.js';
import { expectInvalidToken } from '../../support/spec/refusals.js';

describe.each(STACKS)('one application is the authorization server of another, on %s', (stack) => {
  const suite = useAuthorizationServer(stack);
  let known: TestClient | undefined;
  let stranger: TestClient | undefined;
  let own: TestClient | undefined;
  beforeAll(async () => {
    known = await suite.server.register({ name: 'API', grantTypes: ['client_credentials'], mayIntrospect: true });
    own = await suite.server.register({ name: 'Refreshing', ...FOR_USERS });
    stranger = await suite.server.register({ name: 'Stranger', grantTypes: ['client_credentials'] });
  });
  const as =
    (client: TestClient | undefined, clientSecret = client?.clientSecret) =>
    () => [introspectedTokens({ issuer: suite.url, clientId: client?.clientId ?? '', clientSecret, cacheSeconds: 20 })];
  const api = useIntrospection(new ScriptedEndpoint(), { verifiers: () => as(known)() });
  const ofStranger = useIntrospection(new ScriptedEndpoint(), { verifiers: () => as(stranger)() });
  const ofItself = useIntrospection(new ScriptedEndpoint(), { verifiers: () => as(own)() });
  const withWrongSecret = useIntrospection(new ScriptedEndpoint(), { verifiers: () => as(known, 'wrong')() });

  test('[RS-13 RFC 7662 §2.1] with a wrong secret nobody is admitted, and without the right to introspect nobody either', async () => {
    const client = await suite.server.register({ name: 'Early', grantTypes: ['client_credentials'] });
    const token = await suite.ownToken(client);
    expect((await withWrongSecret.who(token)).status).toBe(503);
    expectInvalidToken(await ofStranger.who(token));
  });

  test('[RS-13 RS-12 RFC 7662 §2.2] a token of a user, of an application, and what their server says of them', async () => {
    const client = await suite.server.register({ name: 'App', ...FOR_USERS });
    const { access_token: token } = await suite.tokens(client, { scope: 'read write' });
    expect((await api.who(token)).body).toMatchObject({
      principal: `user@${suite.url}|alice`,
      subject: 'alice',
      userId: null,
      issuer: suite.url,
      clientId: client.clientId,
      scopes: ['read', 'write'],
    });
    const machine = await suite.server.register({ name: 'Machine', grantTypes: ['client_credentials'] });
    expect((await api.who(await suite.ownToken(machine))).body).toMatchObject({
      principal: `client@${suite.url}|${machine.clientId}`,
      subject: null,
    });
  });

  test('[RS-13] a refresh token is no access token, though its server calls it active', async () => {
    const client = own as TestClient;
    const { refresh_token: token } = await suite.tokens(client, { scope: 'read' });
    expect(await suite.isActive(client, token)).toBe(true);
    // Its own application is told that it is active, and here that is the one that asks.
    expectInvalidToken(await ofItself.who(token));
    expect(ofItself.log.join('\n')).toMatch(/is refused: token_type is missing/);
    expectInvalidToken(await api.who(token));
  });

  test('[RS-14 RFC 7009 §2.1] revoked there, it is refused here within cacheSeconds', async () => {
    const client = await suite.server.register({ name: 'Revoking', ...FOR_USERS });
    const { access_token: token } = await suite.tokens(client, { scope: 'read' });
    expect((await api.who(token)).status).toBe(200);
    expect((await suite.revoke(client, token)).status).toBe(200);
    api.clock.offsetSeconds += 20;
    expectInvalidToken(await api.who(token));
  });

  test('[RS-13] a token that nobody issued is refused', async () => {
    expectInvalidToken(await api.who('nobody-issued-this'));
  });
});
