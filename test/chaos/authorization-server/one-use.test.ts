import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { databaseKinds } from '../../support/services.js';
import { type Answer, Site } from './site.js';

const TRIES = 50;
/** Which try comes first is a matter of chance. */
const ROUNDS = 3;
/** Far more than the bound of a cache, which is a second: that a machine is busy is no failure. */
const DEADLINE_MILLISECONDS = 15_000;

describe.each(databaseKinds())('two processes on %s', (kind) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.start(kind);
  }, 60_000);
  afterAll(() => site?.stop(), 60_000);

  const refresh = (token: unknown) => ({ grant_type: 'refresh_token', refresh_token: String(token) });

  /** One was granted, and all others were told the same. */
  function onlyOne(answers: readonly Answer[]): Answer {
    const [one, ...others] = [...answers].sort((left, right) => left.status - right.status);
    expect(one?.status).toBe(200);
    expect(new Set(others.map(({ status, body }) => `${status} ${body.error}`))).toEqual(
      new Set(['400 invalid_grant']),
    );
    return one as Answer;
  }

  test.each([
    ['authorization code', () => site.code()],
    ['device code', () => site.deviceCode()],
  ])(
    '[AS-26 §4.1.2, AS-39 §3.5] of fifty tries of one %s at two processes exactly one succeeds, and the others revoke what it issued',
    async (_name, make) => {
      for (let round = 0; round < ROUNDS; round++) {
        const form = await make();
        const { body } = onlyOne(await site.everywhere(form, TRIES));
        const { familyId, consumedAtMilliseconds } = await site.spent(form);
        expect(consumedAtMilliseconds).not.toBeNull();
        const { accessTokens, refreshTokens, live } = await site.family(familyId);
        expect([accessTokens.length, refreshTokens.length, live]).toEqual([1, 1, 0]);
        for (const after of await site.everywhere(refresh(body.refresh_token), 2)) {
          expect([after.status, after.body.error]).toEqual([400, 'invalid_grant']);
        }
      }
    },
  );

  test('[AS-31 §6] fifty refreshes with one token at two processes return one successor, which is stored once', async () => {
    const { refreshToken } = await site.tokens();
    const answers = await site.everywhere(refresh(refreshToken), TRIES);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const successors = new Set(answers.map(({ body }) => body.refresh_token));
    expect(successors.size).toBe(1);
    const [successor] = successors;
    const { accessTokens, refreshTokens, live } = await site.family(await site.familyOf(refreshToken));
    expect([accessTokens.length, refreshTokens.length, live]).toEqual([1 + TRIES, 2, 1 + TRIES + 2]);
    expect(refreshTokens.filter(({ rotatedAtMilliseconds }) => rotatedAtMilliseconds === null)).toHaveLength(1);
    // It is good at the process that may not have made it, too.
    const next = await site.everywhere(refresh(successor), 2);
    expect(new Set(next.map(({ status, body }) => `${status} ${body.refresh_token}`)).size).toBe(1);
    expect(next[0]?.status).toBe(200);
  });

  test('[AS-31 §6, AS-32 §4.14.2] of fifty refreshes with one token at two processes without grace exactly one succeeds, and the others revoke the family', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { refreshToken } = await site.tokens();
      onlyOne(await site.everywhere(refresh(refreshToken), TRIES, 'strictUrl'));
      const { accessTokens, refreshTokens, live } = await site.family(await site.familyOf(refreshToken));
      expect([accessTokens.length, refreshTokens.length, live]).toEqual([2, 2, 0]);
    }
  });

  test('[AS-26 §4.1.2, RS-16] a code that is replayed at one process revokes what the other issued, at the guards of both', async () => {
    const [issuing, replaying] = site.processes;
    const form = await site.code();
    const { body } = await site.post(issuing.url, 'token', form);
    const token = String(body.access_token);
    // Both have it in their caches now.
    expect(await site.guarded(token)).toEqual([200, 200]);
    const replay = await site.post(replaying.url, 'token', form);
    expect([replay.status, replay.body.error]).toEqual([400, 'invalid_grant']);
    expect((await site.family((await site.spent(form)).familyId)).live).toBe(0);

    const end = Date.now() + DEADLINE_MILLISECONDS;
    let statuses = await site.guarded(token);
    while (statuses.includes(200) && Date.now() < end) {
      await pause(20);
      statuses = await site.guarded(token);
    }
    expect(statuses).toEqual([401, 401]);
    const refused = await site.post(issuing.url, 'token', refresh(body.refresh_token));
    expect(refused.body.error).toBe('invalid_grant');
  });

  test('[AS-33 §2.1] whatever the order, a revocation at one process leaves nothing of a refresh at the other', async () => {
    const [refreshing, revoking] = site.processes;
    for (let round = 0; round < 8; round++) {
      const { refreshToken } = await site.tokens();
      const [revoked, ...refreshed] = await Promise.all([
        pause(round * 2).then(() => site.post(revoking.url, 'revoke', { token: refreshToken })),
        ...Array.from({ length: 4 }, () => site.post(refreshing.url, 'token', refresh(refreshToken))),
      ]);
      expect(revoked?.status).toBe(200);
      expect((await site.family(await site.familyOf(refreshToken))).live).toBe(0);
      for (const { status, body } of refreshed) {
        if (status !== 200) expect([status, body.error]).toEqual([400, 'invalid_grant']);
        else expect(await site.guarded(String(body.access_token))).toEqual([401, 401]);
      }
    }
  });
});
