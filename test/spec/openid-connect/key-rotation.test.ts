import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { codeFor, exchange } from '../../support/authorization.js';
import {
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../support/authorization-server.js';
import { type DatabaseKind, databaseKinds } from '../../support/services.js';
import { FOR_USERS, MovedClock } from '../../support/spec/authorization-server.js';

/** What docs/authorization-server.md promises. */
const PUBLISHED_SECONDS = 30;
const SIGNS_SECONDS = 90;

describe.each(databaseKinds())('a rotation of the signing keys, seen by two processes on %s', (kind: DatabaseKind) => {
  const clock = new MovedClock();
  let one: RunningAuthorizationServer;
  let other: RunningAuthorizationServer;
  let client: TestClient;
  let refreshToken: string;

  beforeAll(async () => {
    clock.start();
    const encryptionKeys = [randomBytes(32)];
    const options = { encryptionKeys, refreshGraceSeconds: 0 };
    one = await startAuthorizationServer(kind, { options, oauth2: { clock } });
    other = await startAuthorizationServer(kind, {
      options: { ...options, issuer: one.url },
      oauth2: { clock, database: one.databaseUrl },
    });
    client = await one.register({ ...FOR_USERS, idTokenSignedResponseAlg: 'ES256' });
    const code = await codeFor(one, client, { scope: 'openid' });
    refreshToken = ((await (await exchange(one, client, code)).json()) as { refresh_token: string }).refresh_token;
  }, 60_000);

  afterAll(async () => {
    clock.stop();
    await other.close();
    await one.close();
  });

  const published = async (server: RunningAuthorizationServer) => {
    const response = await fetch(`${server.url}/oauth2/jwks`);
    return { jwks: (await response.json()) as { keys: { kid: string; d?: string }[] }, headers: response.headers };
  };
  const kids = async (server: RunningAuthorizationServer) => (await published(server)).jwks.keys.map(({ kid }) => kid);

  /** The key of an ID token of a process, which verifies by what each of them publishes. */
  async function signer(server: RunningAuthorizationServer): Promise<string | undefined> {
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken, scope: 'openid' };
    const tokens = await server.token(form, client);
    refreshToken = String(tokens.refresh_token);
    const idToken = String(tokens.id_token);
    for (const publisher of [one, other]) {
      await jwtVerify(idToken, createLocalJWKSet((await published(publisher)).jwks as never), {
        currentDate: new Date(clock.nowMilliseconds()),
      });
    }
    return decodeProtectedHeader(idToken).kid;
  }

  test('[AS-43 OpenID Core §10.1.1] each publishes the new key within the stated time, and none signs with it before', async () => {
    const before = await signer(one);
    expect(await signer(other)).toBe(before);
    const rotated = await one.oauth2.authorizationServer?.signingKeys.rotate();
    const next = rotated?.find(({ algorithm }) => algorithm === 'ES256')?.kid ?? '';
    const begunAt = clock.offsetSeconds;
    for (const seconds of [1, PUBLISHED_SECONDS - 1, PUBLISHED_SECONDS + 1, 60, SIGNS_SECONDS - 15]) {
      clock.offsetSeconds = begunAt + seconds;
      if (seconds > PUBLISHED_SECONDS) {
        expect(await kids(one)).toContain(next);
        expect(await kids(other)).toContain(next);
      }
      expect([await signer(one), await signer(other)]).toEqual([before, before]);
    }
    clock.offsetSeconds = begunAt + SIGNS_SECONDS + 2;
    expect([await signer(one), await signer(other)]).toEqual([next, next]);
    // What was signed before can still be verified.
    expect(await kids(other)).toEqual(expect.arrayContaining([before, next]));
  });

  test('[AS-43 RFC 9111 §5.2.2] no cache on the way holds the keys back for longer than the time that is left', async () => {
    const { headers, jwks } = await published(one);
    const [, seconds] = /^public, max-age=(\d+)$/.exec(headers.get('cache-control') ?? '') ?? [];
    expect(Number(seconds)).toBeGreaterThan(0);
    expect(Number(seconds) + PUBLISHED_SECONDS).toBeLessThan(SIGNS_SECONDS);
    expect(jwks.keys.every((key) => !('d' in key))).toBe(true);
  });

  test('[AS-43] after a compromise the process that is told signs at once with a new key, and the old one is gone', async () => {
    const before = await kids(one);
    const rotated = await one.oauth2.authorizationServer?.signingKeys.rotate({ compromised: true });
    clock.offsetSeconds += PUBLISHED_SECONDS + 1;
    for (const server of [one, other]) {
      expect((await kids(server)).filter((kid) => before.includes(kid))).toEqual([]);
      expect(rotated?.map(({ kid }) => kid)).toContain(await signer(server));
    }
  });
});
