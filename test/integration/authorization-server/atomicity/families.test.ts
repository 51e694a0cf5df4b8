import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Adapter } from 'oidc-provider';
import { sha256, sha256Key } from '../../../../src/core/digest.js';
import { databaseKinds } from '../../../support/services.js';
import {
  type AdapterServer,
  Authorizations,
  MovedClock,
  statementsOf,
  type TestDatabase,
  testDatabase,
} from '../adapter/harness.js';

/** Holds the handlers of the token endpoint where everything is checked and nothing is written yet. */
class Gate {
  private release: () => void = () => {};
  private arrived: () => void = () => {};
  private closed: Promise<void> | undefined;
  reached: Promise<void> = Promise.resolve();

  close(): void {
    this.closed = new Promise((resolve) => {
      this.release = resolve;
    });
    this.reached = new Promise((resolve) => {
      this.arrived = resolve;
    });
  }

  open(): void {
    this.closed = undefined;
    this.release();
  }

  readonly around = (kind: string, adapter: Adapter): Adapter => {
    if (kind !== 'AccessToken') return adapter;
    const upsert = adapter.upsert.bind(adapter);
    adapter.upsert = async (...values) => {
      this.arrived();
      await this.closed;
      return upsert(...values);
    };
    return adapter;
  };
}

describe.each(databaseKinds())('families on %s', (kind) => {
  let database: TestDatabase;
  let clock: MovedClock;
  let gate: Gate;
  let server: AdapterServer;
  let held: AdapterServer;
  let authorizations: Authorizations;

  beforeAll(async () => {
    database = await testDatabase(kind);
    clock = new MovedClock();
    gate = new Gate();
    server = await database.server({ clock });
    held = await database.server({ clock, around: gate.around });
    authorizations = new Authorizations(database, server);
  });

  afterEach(() => {
    clock.offsetMilliseconds = 0;
  });

  afterAll(() => database.close());

  const refresh = (token: string, more?: Record<string, string>, at = server) =>
    at.post('/token', authorizations.refreshForm(token, more));

  async function familyOf(refreshToken: string): Promise<string> {
    const row = await server.models.RefreshToken.query().findOne('token_hash', sha256(refreshToken));
    return String(row?.familyId);
  }

  async function liveTokensOf(familyId: string): Promise<number> {
    const { AccessToken, RefreshToken } = server.models;
    const accessTokens = AccessToken.query().where('family_id', familyId).whereNull('revoked_at_ms').resultSize();
    const refreshTokens = RefreshToken.query().where('family_id', familyId).whereNull('revoked_at_ms').resultSize();
    return Number(await accessTokens) + Number(await refreshTokens);
  }

  test('[AS-33 §2.1] a revocation beats a refresh that is checked but not yet written', async () => {
    const { refreshToken } = await authorizations.tokens();
    const familyId = await familyOf(refreshToken);
    gate.close();
    const refreshing = refresh(refreshToken, {}, held);
    await gate.reached;
    await server.post('/token/revocation', { ...authorizations.credentials(), token: refreshToken });
    gate.open();
    expect((await refreshing).body.error).toBe('invalid_grant');
    expect(await liveTokensOf(familyId)).toBe(0);
  });

  test('[AS-33 §2.1] a revocation beats an exchange of a code that is checked but not yet written', async () => {
    const code = await authorizations.code('dave');
    gate.close();
    const inFlight = held.post('/token', authorizations.codeForm(code));
    await gate.reached;
    await server.tokens.revokeAllOf({ userId: 'dave' });
    gate.open();
    expect((await inFlight).body.error).toBe('invalid_grant');
    expect(await server.models.AccessToken.query().where('user_id', 'dave').resultSize()).toBe(0);
  });

  test('[AS-33 §2.1] whatever the order, after a revocation of all tokens of a user none of the user’s tokens is live', async () => {
    for (let round = 0; round < 12; round++) {
      const { refreshToken } = await authorizations.tokens('bob');
      const familyId = await familyOf(refreshToken);
      await Promise.all([
        refresh(refreshToken),
        refresh(refreshToken, {}, held),
        sleep(round).then(() => server.tokens.revokeAllOf({ userId: 'bob' })),
      ]);
      expect(await liveTokensOf(familyId)).toBe(0);
    }
  });

  test('a code that is not exchanged yet is revoked with the tokens of its user', async () => {
    const code = await authorizations.code('carol');
    await server.tokens.revokeAllOf({ userId: 'carol' });
    expect((await server.post('/token', authorizations.codeForm(code))).body.error).toBe('invalid_grant');
  });

  test('[AS-26 §4.1.2] a second use of a code revokes what an exchange in flight stores', async () => {
    const code = await authorizations.code();
    gate.close();
    const inFlight = held.post('/token', authorizations.codeForm(code));
    await gate.reached;
    const faster = await server.post('/token', authorizations.codeForm(code));
    expect(faster.status).toBe(200);
    gate.open();
    expect((await inFlight).body.error).toBe('invalid_grant');
    expect(await liveTokensOf(await familyOf(String(faster.body.refresh_token)))).toBe(0);
    expect(held.dropped).toContain(sha256Key(String(faster.body.access_token)));
    expect(held.events.at(-1)).toMatchObject({ name: 'code.replayed', reuse: { userId: 'alice' } });
  });

  test('a request that fails spends nothing: the code is good for the next one', async () => {
    const form = authorizations.codeForm(await authorizations.code());
    expect((await server.post('/token', { ...form, code_verifier: 'w'.repeat(43) })).body.error).toBe('invalid_grant');
    expect((await server.post('/token', form)).status).toBe(200);
  });

  test('[AS-31 §6] within the grace window the same token is answered with the same successor, at any server', async () => {
    const { refreshToken } = await authorizations.tokens();
    const answers = [await refresh(refreshToken), await refresh(refreshToken, {}, held), await refresh(refreshToken)];
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(3);
    for (const { body } of answers) expect(await authorizations.isActive(String(body.access_token))).toBe(true);
  });

  test('[AS-32 §4.14.2] a reuse after the grace window revokes the family, its access tokens too', async () => {
    const { accessToken, refreshToken } = await authorizations.tokens();
    const { body } = await refresh(refreshToken);
    clock.offsetMilliseconds = 31_000;
    const reused = await refresh(refreshToken);
    expect(reused.body.error).toBe('invalid_grant');
    expect(await liveTokensOf(await familyOf(refreshToken))).toBe(0);
    expect(server.dropped).toEqual(
      expect.arrayContaining([sha256Key(accessToken), sha256Key(String(body.access_token))]),
    );
    expect(server.events.at(-1)).toEqual({
      name: 'refresh.reused',
      reuse: expect.objectContaining({ clientId: database.clientId, userId: 'alice' }),
    });
    expect((await refresh(String(body.refresh_token))).body.error).toBe('invalid_grant');
  });

  test('[AS-32 §4.14.2] a reuse within the grace window, after the successor was used, revokes the family', async () => {
    const { refreshToken } = await authorizations.tokens();
    const { body } = await refresh(refreshToken);
    expect((await refresh(String(body.refresh_token))).status).toBe(200);
    expect((await refresh(refreshToken)).body.error).toBe('invalid_grant');
    expect(await liveTokensOf(await familyOf(refreshToken))).toBe(0);
  });

  test('[AS-32 §4.14.2] a reuse is answered in the same number of statements for a small and a large family', async () => {
    const counts: number[] = [];
    for (const size of [1, 40]) {
      const { refreshToken } = await authorizations.tokens();
      for (let index = 0; index < size; index++) await refresh(refreshToken);
      clock.offsetMilliseconds = 31_000;
      counts.push((await statementsOf(server, () => refresh(refreshToken))).length);
      clock.offsetMilliseconds = 0;
    }
    expect(counts[0]).toBe(counts[1]);
  });

  test('[AS-32 §4.14.2] without a grace window every reuse is one, also at a server whose clock is behind', async () => {
    const behind = new MovedClock();
    behind.offsetMilliseconds = -5_000;
    const [strict, late] = [
      await database.server({ graceSeconds: 0 }),
      await database.server({ graceSeconds: 0, clock: behind }),
    ];
    const { refreshToken } = await authorizations.tokens();
    expect((await refresh(refreshToken, {}, strict)).status).toBe(200);
    expect((await refresh(refreshToken, {}, late)).body.error).toBe('invalid_grant');
    expect(await liveTokensOf(await familyOf(refreshToken))).toBe(0);
  });

  test('[AS-32 §4.14.2] a deliberately revoked token gets no grace', async () => {
    const { refreshToken } = await authorizations.tokens();
    const { body } = await refresh(refreshToken);
    await server.post('/token/revocation', { ...authorizations.credentials(), token: String(body.refresh_token) });
    expect((await refresh(refreshToken)).body.error).toBe('invalid_grant');
    expect(await liveTokensOf(await familyOf(refreshToken))).toBe(0);
  });

  test('a successor is found again after the encryption key was rotated', async () => {
    const [older, newer] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const before = await database.server({ clock, encryptionKeys: [older] });
    const after = await database.server({ clock, encryptionKeys: [newer, older] });
    const { refreshToken } = await new Authorizations(database, before).tokens();
    const first = await refresh(refreshToken, {}, before);
    const again = await refresh(refreshToken, {}, after);
    expect(again.body.refresh_token).toBe(first.body.refresh_token);
  });

  test('[AS-31 §6] a refresh token is bound to its client, and a try of another client does not hurt it', async () => {
    const { refreshToken } = await authorizations.tokens();
    const { clientId, clientSecret } = database.other;
    const foreign = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const answer = await server.post('/token', { ...foreign, client_id: clientId, client_secret: clientSecret });
    expect(answer.body.error).toBe('invalid_grant');
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  test('[AS-31 §6] the scope of a refresh may narrow, and never widens', async () => {
    const { refreshToken } = await authorizations.tokens('alice', 'read write');
    const narrowed = await refresh(refreshToken, { scope: 'read' });
    expect(narrowed.body.scope).toBe('read');
    expect((await refresh(String(narrowed.body.refresh_token), { scope: 'read openid' })).body.error).toBe(
      'invalid_scope',
    );
    expect((await refresh(String(narrowed.body.refresh_token))).body.scope).toBe('read write');
  });

  test('[AS-31 §2.2.2] a family ends at its time however often it is refreshed, and a token that lies idle earlier', async () => {
    const own = new MovedClock();
    const short = await database.server({ clock: own, refreshLifetimeSeconds: 100, refreshIdleSeconds: 60 });
    const issued = new Authorizations(database, short);
    const { refreshToken } = await issued.tokens();
    const second = await refresh(refreshToken, {}, short);
    const rows = await short.models.RefreshToken.query().where('family_id', await familyOf(refreshToken));
    expect(new Set(rows.map(({ familyExpiresAtMilliseconds }) => familyExpiresAtMilliseconds)).size).toBe(1);
    own.offsetMilliseconds = 61_000;
    expect((await refresh(String(second.body.refresh_token), {}, short)).body.error).toBe('invalid_grant');

    own.offsetMilliseconds = 0;
    const other = await issued.tokens();
    await short.models.RefreshToken.query()
      .where('token_hash', sha256(other.refreshToken))
      .patch({ familyExpiresAtMilliseconds: own.nowMilliseconds() });
    expect((await refresh(other.refreshToken, {}, short)).body.error).toBe('invalid_grant');
  });

  test('a token that was refused for its end revokes nothing', async () => {
    const { accessToken, refreshToken } = await authorizations.tokens();
    await server.models.RefreshToken.query()
      .where('token_hash', sha256(refreshToken))
      .patch({ expiresAtMilliseconds: 1 });
    expect((await refresh(refreshToken)).body.error).toBe('invalid_grant');
    expect(await authorizations.isActive(accessToken)).toBe(true);
  });

  test('[AS-34 §2.1] revoking a refresh token revokes the access tokens of its family, and drops them from caches', async () => {
    const { accessToken, refreshToken } = await authorizations.tokens();
    await server.post('/token/revocation', { ...authorizations.credentials(), token: refreshToken });
    expect(await authorizations.isActive(accessToken)).toBe(false);
    expect(server.dropped).toContain(sha256Key(accessToken));
  });

  test('tokens of a disabled application are inactive, and its codes and refresh tokens are refused', async () => {
    const { accessToken, refreshToken } = await authorizations.tokens();
    const code = await authorizations.code();
    await server.models.Application.query().where('client_id', database.clientId).patch({ disabledAtMilliseconds: 1 });
    try {
      expect(await authorizations.isActive(accessToken)).toBe(false);
      expect((await refresh(refreshToken)).body.error).toBe('invalid_grant');
      expect((await server.post('/token', authorizations.codeForm(code))).body.error).toBe('invalid_grant');
    } finally {
      await server.models.Application.query()
        .where('client_id', database.clientId)
        .patch({ disabledAtMilliseconds: null });
    }
  });
});
