import { describe, expect, test } from '@jest/globals';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { call } from '../../support/spec/http.js';
import { expectInsufficientScope } from '../../support/spec/refusals.js';

type Row = readonly [method: string, path: string, scope: string, status: number];

describe.each(STACKS)('permissions of the bookstore, on %s', (name) => {
  const shop = useBookstore(name);
  const status = async ([method, path, scope]: Row, user = 'bob') =>
    (await call(`${shop.url}${path}`, { method, token: await shop.issue(scope, { user }) })).status;

  test.each<Row>([
    ['GET', '/api/protected', 'api', 200],
    ['GET', '/api/protected', 'read api write', 200],
    ['GET', '/api/protected', 'read', 403],
    ['GET', '/books', 'books books:read', 200],
    ['GET', '/books', 'books:read', 403],
    ['GET', '/books', 'books', 403],
  ])('TokenHasScope asks for all of the required scopes: %s %s with "%s": %i', async (...row) => {
    expect(await status(row)).toBe(row[3]);
  });

  test.each<Row>([
    ['GET', '/api/token-info', '', 200],
    ['GET', '/api/token-info', 'whatever', 200],
  ])('TokenHasScope with none required lets any valid token in: %s %s with "%s": %i', async (...row) => {
    expect(await status(row)).toBe(row[3]);
  });

  test.each<Row>([
    ['GET', '/api/read-write', 'read', 200],
    ['GET', '/api/read-write', 'write', 403],
    ['POST', '/api/read-write', 'write', 200],
    ['POST', '/api/read-write', 'read', 403],
  ])('TokenHasReadWriteScope: write does not imply read: %s %s with "%s": %i', async (...row) => {
    expect(await status(row)).toBe(row[3]);
  });

  test.each<Row>([
    ['GET', '/api/music', 'music:read', 200],
    ['GET', '/api/music', 'music:write', 403],
    ['GET', '/api/music', 'music read', 403],
    ['POST', '/api/music', 'music:write', 200],
    ['POST', '/api/music', 'music:read', 403],
  ])('TokenHasResourceScope: %s %s with "%s": %i', async (...row) => {
    expect(await status(row)).toBe(row[3]);
  });

  test.each<Row>([
    ['GET', '/api/documented', 'read', 200],
    ['GET', '/api/documented', 'create', 403],
    ['POST', '/api/documented', 'create', 200],
    ['POST', '/api/documented', 'post widget', 200],
    ['POST', '/api/documented', 'widget post', 200],
    ['POST', '/api/documented', 'post', 403],
    ['PUT', '/api/documented', 'edit update', 200],
    ['PUT', '/api/documented', 'edit', 403],
    ['PATCH', '/api/documented', 'edit update', 405],
  ])('TokenMatchesOASRequirements: %s %s with "%s": %i', async (...row) => {
    expect(await status(row)).toBe(row[3]);
  });

  test.each<Row>([
    ['GET', '/api/conditional', 'api', 200],
    ['GET', '/api/conditional?include_sensitive=', 'api', 200],
    ['GET', '/api/conditional?include_sensitive=1', 'api', 403],
    ['GET', '/api/conditional?include_sensitive=1', 'api sensitive_data', 200],
    ['GET', '/api/conditional?include_sensitive=&include_sensitive=1', 'api', 403],
    ['PUT', '/api/conditional', 'api', 403],
    ['PUT', '/api/conditional', 'api modify', 200],
    ['PATCH', '/api/conditional', 'api modify', 200],
    ['DELETE', '/api/conditional?include_sensitive=yes', 'api modify', 403],
    ['DELETE', '/api/conditional?include_sensitive=yes', 'api modify sensitive_data', 200],
  ])('scopes that depend on the request: %s %s with "%s": %i', async (...row) => {
    expect(await status(row)).toBe(row[3]);
  });

  test('[RS-7 §3.1] the refusal names the scopes that this request needs, and the next one is not changed by it', async () => {
    const token = await shop.issue('api', { user: 'bob' });
    const sensitive = `${shop.url}/api/conditional?include_sensitive=1`;
    for (let count = 1; count <= 3; count += 1) {
      expectInsufficientScope(await call(sensitive, { token }), {
        required: ['api', 'sensitive_data'],
        provided: ['api'],
        scope: 'api sensitive_data',
      });
      expect((await call(`${shop.url}/api/conditional`, { token })).status).toBe(200);
    }
  });

  test.each([
    ['alice', '', 200],
    ['bob', 'admin', 200],
    ['bob', 'api', 403],
  ])('a subclass that lets staff in: %s with "%s": %i', async (user, scope, expected) => {
    expect(await status(['GET', '/api/admin-or-scope', scope, expected], user)).toBe(expected);
  });

  test.each([
    ['alice', 'n1', '', 200],
    ['alice', 'n2', '', 403],
    ['alice', 'n2', 'notes', 200],
    ['bob', 'n2', 'api', 200],
    ['bob', 'n1', 'api', 403],
    ['bob', 'n3', 'api', 404],
  ])('an object-level permission: %s asks for %s with "%s": %i', async (user, note, scope, expected) => {
    expect(await status(['GET', `/notes/${note}`, scope, expected], user)).toBe(expected);
  });

  test('[RS-12] an application that is called like the owner of a note is not its owner', async () => {
    const { application } = await shop.oauth2.applications.create({
      name: 'Called alice',
      clientId: 'alice',
      grantTypes: ['client_credentials'],
    });
    const token = await shop.issue('api', { application: application.clientId });
    expectInsufficientScope(await call(`${shop.url}/notes/n1`, { token }), {
      required: ['notes'],
      provided: ['api'],
      scope: 'notes',
    });
  });

  test('without credentials nothing is told of a note, not even whether it is there', async () => {
    for (const note of ['n1', 'n3']) expect((await call(`${shop.url}/notes/${note}`)).status).toBe(401);
  });

  test('IsAuthenticated takes any token of a user, whatever its scopes', async () => {
    expect(await status(['GET', '/api/user-only', '', 200])).toBe(200);
  });

  test('/api/token-info tells of the token and its user, safe for a token without one', async () => {
    const token = await shop.issue('read', { user: 'alice', lifetimeSeconds: 600 });
    const { body } = await call(`${shop.url}/api/token-info`, { token });
    expect(body).toEqual({
      token_info: {
        scopes: ['read'],
        application: 'Demo',
        expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        is_expired: false,
        user: 'alice',
      },
      user_info: { id: 'alice', username: 'alice', email: 'alice@bookstore.example', is_staff: true },
    });
    const machine = await call(`${shop.url}/api/token-info`, { token: await shop.issue('read') });
    expect(machine.status).toBe(200);
    expect(machine.body).toMatchObject({ token_info: { application: 'Demo', user: null }, user_info: null });
  });

  test('/api/token-info is safe for a token without application', async () => {
    const token = await shop.issue('read', { user: 'bob' });
    const { model } = await shop.oauth2.tokens.inspect(token);
    await shop.oauth2.knex('oauth2_access_tokens').where({ id: model?.id }).update({ application_id: null });
    const reply = await call(`${shop.url}/api/token-info`, { token });
    expect(reply).toMatchObject({ status: 200, body: { token_info: { application: null, user: 'bob' } } });
  });
});
