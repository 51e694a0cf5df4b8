import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { bundle } from '../../support/bundle.js';
import { bearerHeader } from '../../support/http.js';
import { type FreshDatabase, freshDatabase, freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import type { StallingSettings, ToParent, ToWorker } from './stalling-protocol.js';

/** Short, so that a second look-up does not join the first one soon; answers are kept for thirty seconds with Redis. */
const BOUND_SECONDS = 0.3;

let worker: string;
beforeAll(async () => {
  worker = await bundle(new URL('stalling-worker.ts', import.meta.url), 'stalling-worker');
});
afterAll(() => rm(worker, { force: true }));

describe.each([
  ['SQLite', 'sqlite', undefined],
  ['MariaDB + Redis', 'mariadb', redisUrl],
] as const)('a look-up that stalls in one process while another revokes, on %s', (_name, kind, redis) => {
  const keyPrefix = freshKeyPrefix();
  let database: FreshDatabase;
  let oauth2: OAuth2;
  let child: ChildProcess;
  let url: string;
  let clientId: string;

  beforeAll(async () => {
    database = await freshDatabase(kind);
    const settings: StallingSettings = {
      database: database.url,
      cache: { revocationBoundSeconds: BOUND_SECONDS },
      ...(redis !== undefined && { redis: redis(), keyPrefix }),
    };
    oauth2 = createOAuth2({ ...settings, logger: silentLogger });
    await oauth2.migrate();
    await oauth2.ready();
    ({ clientId } = (
      await oauth2.applications.create({ name: 'shop', grantTypes: ['client_credentials'] })
    ).application);
    child = fork(worker, [JSON.stringify(settings)], { execArgv: [], stdio: 'inherit' });
    ({ url } = await heard((message) => 'url' in message));
  });

  afterAll(async () => {
    child?.kill('SIGKILL');
    await oauth2?.close();
    await database?.drop();
    await removeKeys(redisUrl(), keyPrefix);
  });

  afterEach(() => void say('go on'));

  const say = (message: ToWorker) => child.send(message);

  async function heard(what: (message: ToParent) => boolean): Promise<{ url: string }> {
    for (;;) {
      const [message] = (await once(child, 'message')) as [ToParent];
      if (what(message)) return message as { url: string };
    }
  }

  const statusOf = async (token: string) => (await fetch(`${url}/guarded`, { headers: bearerHeader(token) })).status;

  const issue = async (user: string) =>
    (await oauth2.tokens.issue({ user, application: clientId, scope: 'read' })).access_token;

  /** A request for the token whose look-up stalls; the answer is in an object, so that it is not waited for. */
  async function stalledRequest(token: string): Promise<{ readonly answer: Promise<number> }> {
    const stalls = heard((message) => 'stalled' in message);
    say('stall');
    const answer = statusOf(token);
    await stalls;
    return { answer };
  }

  test.each([
    ['the token', 'token'],
    ['all of the user', 'user'],
    ['all of the application', 'application'],
  ] as const)(
    '[RS-16 §2.1] a revocation of %s is not undone by the stalled look-up, whatever came between',
    async (_what, what) => {
      const user = `reader-${what}`;
      const token = await issue(user);
      const first = await stalledRequest(token);
      // The second request does not join a look-up that is older than the bound, and takes its place.
      await pause(BOUND_SECONDS * 1000 + 100);
      expect(await statusOf(token)).toBe(200);

      if (what === 'token') expect(await oauth2.tokens.revoke(token)).toBe(true);
      else await oauth2.tokens.revokeAllOf(what === 'user' ? { user } : { application: clientId });
      await pause(BOUND_SECONDS * 1000 + 100);
      expect(await statusOf(token)).toBe(401);

      say('go on');
      await first.answer;
      for (let count = 0; count < 20; count += 1) {
        expect(await statusOf(token)).toBe(401);
        await pause(30);
      }
    },
  );
});
