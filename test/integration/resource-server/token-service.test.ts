import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../src/core/logger.js';
import { type Application, createOAuth2, type OAuth2, verifiedToken } from '../../../src/public/index.js';
import { databaseKinds, freshDatabase } from '../../support/services.js';

const users = new Map([
  ['alice', { id: 'alice', active: true }],
  ['carol', { id: 'carol', active: true }],
]);

describe.each(databaseKinds())('TokenService on %s', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let oauth2: OAuth2;
  let application: Application;
  let now = Date.now();

  const settings = () => ({
    database: database.url,
    logger: silentLogger,
    scopes: { read: 'Read', write: 'Write', admin: 'Everything' },
    clock: { nowMilliseconds: () => now, monotonicMilliseconds: () => now },
    users: {
      findById: (id: string) => users.get(id),
      isActive: (user: unknown) => (user as { active: boolean }).active,
    },
  });

  beforeAll(async () => {
    database = await freshDatabase(kind);
    oauth2 = createOAuth2(settings());
    await oauth2.migrate();
    ({ application } = await oauth2.applications.create({
      name: 'demo',
      grantTypes: ['client_credentials'],
      scopes: ['read', 'write'],
    }));
  });

  afterAll(async () => {
    await oauth2.close();
    await database.drop();
  });

  test('issues a token in the shape of RFC 6749 §5.1, with the row alongside it that is not serialized', async () => {
    const issued = await oauth2.tokens.issue({
      user: 'alice',
      application: application.clientId,
      scope: 'read write',
      lifetimeSeconds: 60,
    });
    expect(JSON.parse(JSON.stringify(issued))).toEqual({
      access_token: expect.stringMatching(/^rco_[\w-]{51}$/),
      token_type: 'Bearer',
      expires_in: 60,
      scope: 'read write',
    });
    expect(issued.model.allowScopes(['read'])).toBe(true);
    expect(issued.model.isValid(['read'])).toBe(true);
  });

  test('refuses to issue what the application or the server does not know', async () => {
    const issue = (scope: string | string[], client: string | Application = application) =>
      oauth2.tokens.issue({ application: client, scope });
    await expect(issue('read nope')).rejects.toMatchObject({
      code: 'invalid_scope',
      message: expect.stringContaining('nope'),
    });
    await expect(issue('admin')).rejects.toMatchObject({ code: 'invalid_scope' });
    await expect(issue(['re"ad'])).rejects.toMatchObject({ code: 'invalid_scope' });
    await expect(issue('read', 'nobody')).rejects.toMatchObject({ code: 'invalid_client' });
    await expect(issue('read', application.clientId.toUpperCase())).rejects.toMatchObject({ code: 'invalid_client' });
    for (const lifetimeSeconds of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e12]) {
      await expect(oauth2.tokens.issue({ application, scope: 'read', lifetimeSeconds })).rejects.toThrow(RangeError);
    }
    await expect(oauth2.tokens.issue({ application, scope: 'read', user: {} })).rejects.toThrow(/The user has no id/);
  });

  test('[RFC 7662 §2.2] inspects a live token, with the stored row alongside it', async () => {
    const { access_token } = await oauth2.tokens.issue({
      user: { id: 'alice' },
      application,
      scope: ['write', 'read'],
      lifetimeSeconds: 60,
    });
    const inspection = await oauth2.tokens.inspect(access_token);
    expect({ ...inspection }).toEqual({
      active: true,
      scope: 'write read',
      client_id: application.clientId,
      token_type: 'Bearer',
      exp: Math.floor((now + 60_000) / 1000),
      iat: Math.floor(now / 1000),
      sub: 'alice',
    });
    expect(inspection.model?.scopeDescriptions({ read: 'Read', write: 'Write' })).toEqual({
      write: 'Write',
      read: 'Read',
    });
  });

  test('[RFC 7662 §2.2] says exactly {active: false} of every token that would be refused', async () => {
    const issue = async (options: object = {}) =>
      (await oauth2.tokens.issue({ application, scope: 'read', ...options })).access_token;
    const revoked = await issue();
    await oauth2.tokens.revoke(revoked);
    const unknownUser = await issue({ user: 'nobody' });
    for (const token of ['unknown', 'not a token', '', revoked, unknownUser, await issue({ lifetimeSeconds: -5 })]) {
      expect({ ...(await oauth2.tokens.inspect(token)) }).toEqual({ active: false });
    }
  });

  test('verifies as a guard does, and tells an expired token from another', async () => {
    const { access_token } = await oauth2.tokens.issue({ application, scope: 'read', lifetimeSeconds: 60 });
    expect((await oauth2.tokens.verify(access_token)).scopes).toEqual(['read']);
    now += 60_000;
    await expect(oauth2.tokens.verify(access_token)).rejects.toMatchObject({
      message: 'The access token has expired.',
    });
    await expect(oauth2.tokens.verify('unknown')).rejects.toMatchObject({ message: 'The access token is invalid.' });
  });

  test('[RS-16] a revoked token is refused by the same process at once, though it was cached', async () => {
    const { access_token, model } = await oauth2.tokens.issue({ application, scope: 'read' });
    await oauth2.tokens.verify(access_token);
    expect(await oauth2.tokens.revoke(access_token)).toBe(true);
    await expect(oauth2.tokens.verify(access_token)).rejects.toMatchObject({ code: 'invalid_token' });
    expect(await oauth2.tokens.revoke(access_token)).toBe(false);
    expect(await oauth2.tokens.revoke(model)).toBe(false);
    expect(await oauth2.tokens.revoke('unknown')).toBe(false);
  });

  test('[RS-16] without Redis, a revocation by another process holds after a second', async () => {
    const other = createOAuth2(settings());
    const { access_token } = await oauth2.tokens.issue({ application, scope: 'read' });
    await oauth2.tokens.verify(access_token);
    await other.tokens.revoke(access_token);
    expect((await oauth2.tokens.verify(access_token)).scopes).toEqual(['read']);
    now += 1001;
    await expect(oauth2.tokens.verify(access_token)).rejects.toMatchObject({ code: 'invalid_token' });
    await other.close();
  });

  test('[RS-15] a token that was asked for before it was issued works at once', async () => {
    const random = Buffer.alloc(32, kind.length);
    const fixed = createOAuth2({ ...settings(), random: () => random });
    await expect(fixed.tokens.verify(random.toString('base64url'))).rejects.toMatchObject({ code: 'invalid_token' });
    const { access_token } = await fixed.tokens.issue({ application, scope: 'read' });
    expect((await fixed.tokens.verify(access_token)).scopes).toEqual(['read']);
    await fixed.close();
  });

  test('[RS-17] a disabled user is refused once it was invalidated, and may return', async () => {
    const { access_token } = await oauth2.tokens.issue({ user: 'carol', application, scope: 'read' });
    await oauth2.tokens.verify(access_token);
    (users.get('carol') as { active: boolean }).active = false;
    await oauth2.tokens.invalidate({ user: 'carol' });
    await expect(oauth2.tokens.verify(access_token)).rejects.toMatchObject({ code: 'invalid_token' });
    (users.get('carol') as { active: boolean }).active = true;
    await oauth2.tokens.invalidate({ user: 'carol' });
    now += 1001;
    expect((await oauth2.tokens.verify(access_token)).userId).toBe('carol');
  });

  test('[RS-17] a disabled application is refused, gets no tokens, and may return', async () => {
    const { application: second } = await oauth2.applications.create({
      name: 'second',
      grantTypes: ['client_credentials'],
    });
    const { access_token } = await oauth2.tokens.issue({ application: second, scope: 'read' });
    await oauth2.tokens.verify(access_token);
    await oauth2.applications.disable(second.clientId);
    await expect(oauth2.tokens.verify(access_token)).rejects.toMatchObject({ code: 'invalid_token' });
    await expect(oauth2.tokens.issue({ application: second.clientId, scope: 'read' })).rejects.toMatchObject({
      code: 'invalid_client',
    });
    await oauth2.applications.enable(second.clientId);
    now += 1001;
    expect((await oauth2.tokens.verify(access_token)).clientId).toBe(second.clientId);
  });

  test('revokes all tokens of a user, or of an application, and no others', async () => {
    const { application: second } = await oauth2.applications.create({
      name: 'third',
      grantTypes: ['client_credentials'],
    });
    const issue = async (options: object) =>
      (await oauth2.tokens.issue({ application, scope: 'read', ...options })).access_token;
    const ofAlice = await issue({ user: 'alice', application: second });
    const ofCarol = await issue({ user: 'carol', application: second });
    const ofNobody = await issue({});
    for (const token of [ofAlice, ofCarol, ofNobody]) await oauth2.tokens.verify(token);
    expect(await oauth2.tokens.revokeAllOf({ user: 'alice', application: second })).toBe(1);
    await expect(oauth2.tokens.verify(ofAlice)).rejects.toThrow();
    expect((await oauth2.tokens.verify(ofCarol)).userId).toBe('carol');
    expect(await oauth2.tokens.revokeAllOf({ application: second.clientId })).toBe(1);
    await expect(oauth2.tokens.verify(ofCarol)).rejects.toThrow();
    expect((await oauth2.tokens.verify(ofNobody)).userId).toBeUndefined();
    await expect(oauth2.tokens.revokeAllOf({})).rejects.toThrow(TypeError);
  });

  test('lists the live tokens of a user with their applications', async () => {
    await oauth2.tokens.revokeAllOf({ user: 'alice' });
    const { model } = await oauth2.tokens.issue({ user: 'alice', application, scope: 'read' });
    const listed = await oauth2.tokens.listFor('alice');
    expect(listed.map(({ id, application: of }) => [id, of?.name])).toEqual([[model.id, 'demo']]);
  });

  test('clears what has expired, in batches, and tells of its progress', async () => {
    for (let count = 0; count < 5; count += 1)
      await oauth2.tokens.issue({ application, scope: 'read', lifetimeSeconds: -1000 });
    const { access_token } = await oauth2.tokens.issue({ application, scope: 'read' });
    const progress: number[] = [];
    const result = await oauth2.tokens.clearExpired({
      batchSize: 2,
      pauseMilliseconds: 0,
      onProgress: ({ deleted }) => void progress.push(deleted),
    });
    expect(result.total).toBeGreaterThanOrEqual(5);
    expect(progress.length).toBeGreaterThanOrEqual(3);
    expect((await oauth2.tokens.inspect(access_token)).active).toBe(true);
  });

  test('[RS-9 RFC 8707 §2] a resource accepts only tokens that name it', async () => {
    const books = createOAuth2({ ...settings(), resource: 'https://books.example' });
    const notes = createOAuth2({ ...settings(), resource: 'https://notes.example' });
    const lenient = createOAuth2({ ...settings(), resource: 'https://notes.example', requireAudience: false });
    const { access_token: forBooks } = await books.tokens.issue({ application, scope: 'read' });
    const { access_token: forAny } = await oauth2.tokens.issue({ application, scope: 'read' });
    expect((await books.tokens.verify(forBooks)).audience).toEqual(['https://books.example']);
    for (const [service, token] of [
      [notes, forBooks],
      [lenient, forBooks],
      [oauth2, forBooks],
      [books, forAny],
    ] as const) {
      await expect(service.tokens.verify(token)).rejects.toMatchObject({ code: 'invalid_token' });
    }
    expect((await lenient.tokens.verify(forAny)).audience).toBeUndefined();
    await Promise.all([books.close(), notes.close(), lenient.close()]);
  });

  test('[RS-20 RFC 9449 §7.1] a token that is bound to a key is not a bearer token', async () => {
    const { access_token, model } = await oauth2.tokens.issue({ application, scope: 'read' });
    await model.$query().patch({ payload: JSON.stringify({ jkt: 'thumbprint' }) });
    await expect(oauth2.tokens.verify(access_token)).rejects.toMatchObject({ code: 'invalid_token' });
  });
});

test('a database that is unavailable is 503, never an answer about the token', async () => {
  const oauth2 = createOAuth2({ database: 'mysql://root@127.0.0.1:9/nowhere', logger: silentLogger });
  await expect(oauth2.tokens.verify('unknown')).rejects.toMatchObject({ status: 503, code: 'temporarily_unavailable' });
  await oauth2.close();
});

test('a token of the host’s own verifier is not one of this application, cached or not', async () => {
  const oauth2 = createOAuth2({
    database: ':memory:',
    logger: silentLogger,
    verifiers: [
      {
        verify: (_token, key) => ({
          status: 'active',
          token: verifiedToken({
            key,
            userId: 'alice',
            clientId: 'shop',
            scopes: ['read'],
            issuedAtMilliseconds: Date.now(),
            expiresAtMilliseconds: Date.now() + 60_000,
          }),
        }),
      },
    ],
  });
  await oauth2.migrate();
  try {
    expect((await oauth2.tokens.verify('host-token')).clientId).toBe('shop');
    expect(await oauth2.tokens.verifyOwn('host-token')).toBeUndefined();
    expect(oauth2.tokens.peekOwn('host-token')).toBeUndefined();
  } finally {
    await oauth2.close();
  }
});
