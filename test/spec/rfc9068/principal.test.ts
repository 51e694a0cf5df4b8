import { describe, expect, test } from '@jest/globals';
import { STACKS } from '../../support/bookstore.js';
import { type Seen, useJwtApplication } from '../../support/spec/jwt-application.js';
import { expectInvalidToken } from '../../support/spec/refusals.js';

describe.each(STACKS)('who a JWT acts for, on %s', (name) => {
  const app = useJwtApplication(name);

  test('[RS-12 §5] user 5 of the issuer is not user 5 of the host', async () => {
    const { body } = await app.present();
    expect(body).toMatchObject({
      kind: 'user',
      issuer: app.issuer.url,
      principal: `user@${app.issuer.url}|5`,
      subject: '5',
      userId: null,
      user: { issuer: app.issuer.url, subject: '5' },
    });
    expect((body as Seen).user).not.toHaveProperty('id');
    const own = await app.get(await app.issue('read', { user: '5' }));
    expect(own.body).toMatchObject({ principal: 'user:5', userId: '5', user: { id: '5' } });
  });

  test('[RS-12 §5] nothing that is done to user 5 of the host touches user 5 of the issuer', async () => {
    const token = await app.issuer.token();
    expect((await app.get(token)).status).toBe(200);
    await app.oauth2.tokens.revokeAllOf({ user: '5' });
    await app.oauth2.tokens.invalidate({ user: '5' });
    expect((await app.get(token)).status).toBe(200);
  });

  test('[RS-12 §5] a token of an application alone is no user’s', async () => {
    const reply = await app.present({ claims: { sub: 'app' } });
    expect(reply.body).toMatchObject({
      kind: 'application',
      principal: `client@${app.issuer.url}|app`,
      subject: null,
      user: null,
      clientId: 'app',
    });
    expect((await app.present({ claims: { sub: 'app' } }, '/user')).status).toBe(403);
    expect((await app.present({}, '/user')).status).toBe(200);
  });
});

describe('a host that knows the users of the issuer', () => {
  const users = new Map([
    ['5', { id: 'alice', disabled: false }],
    ['6', { id: 'bob', disabled: true }],
  ]);
  const app = useJwtApplication('SQLite + memory', {
    jwt: {
      user: async ({ subject, issuer }) => (issuer === app.issuer.url ? users.get(subject ?? '') : undefined),
    },
    oauth2: {
      users: {
        findById: (id) => [...users.values()].find((user) => user.id === id),
        isActive: (user) => !(user as { disabled: boolean }).disabled,
      },
      cache: { revocationBoundSeconds: 0, negativeMaxAgeSeconds: 0 },
    },
  });

  test('[RS-12 §5] says for which of its own a token acts', async () => {
    expect((await app.present()).body).toMatchObject({
      principal: 'user:alice',
      userId: 'alice',
      user: { id: 'alice' },
      subject: '5',
      issuer: null,
    });
  });

  test('[RS-12 §5] whom it does not know, or who may not act, is refused', async () => {
    expectInvalidToken(await app.present({ claims: { sub: '6' } }));
    expectInvalidToken(await app.present({ claims: { sub: 'alice' } }));
  });

  test('[RS-17] a user who was disabled is refused, though the token was used before', async () => {
    const token = await app.issuer.token();
    expect((await app.get(token)).status).toBe(200);
    users.set('5', { id: 'alice', disabled: true });
    expectInvalidToken(await app.get(token));
    users.set('5', { id: 'alice', disabled: false });
  });

  test('is not asked about an application', async () => {
    expect((await app.present({ claims: { sub: 'app' } })).body).toMatchObject({ kind: 'application' });
  });
});

describe('an issuer that gives applications a sub of their own', () => {
  const app = useJwtApplication('SQLite + memory', {
    jwt: { isApplication: (claims) => claims.gty === 'client-credentials' },
  });

  test('[RS-12 §5] the host says which they are', async () => {
    const claims = { sub: 'app@clients', gty: 'client-credentials' };
    expect((await app.present({ claims })).body).toMatchObject({ kind: 'application', subject: null });
    expect((await app.present()).body).toMatchObject({ kind: 'user', subject: '5' });
  });
});

describe('a host whose map of users fails', () => {
  const app = useJwtApplication('SQLite + memory', {
    jwt: {
      user: ({ subject }) => {
        if (subject === 'away') throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
        throw new TypeError('a fault');
      },
    },
  });

  test('answers 503 if something is unavailable, 500 for a fault, and lets nobody in', async () => {
    const away = await app.present({ claims: { sub: 'away' } });
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await app.present({ claims: { sub: 'fault' } })).status).toBe(500);
  });
});
