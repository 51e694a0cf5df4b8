import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Answer, get, post } from './asking.js';
import { startChaosMariadb } from './databases/mariadb.js';
import { DATABASE_DEADLINE_MILLISECONDS, IS_LONG } from './faults.js';
import { type Client, REVOCATION_BOUND_MILLISECONDS, SIGNED_RESOURCE } from './protocol.js';
import type { ServerProcess } from './server-process.js';
import { Stand } from './stand.js';

/** Of each race. */
const ROUNDS = IS_LONG ? 1_000 : 50;

/** So many rounds are under way at the same time, which is also what makes each of them less regular. */
const AT_ONCE = 25;

const TIMEOUT_MILLISECONDS = IS_LONG ? 900_000 : 240_000;

let stand: Stand;
let one: ServerProcess;
let other: ServerProcess;

beforeAll(async () => {
  stand = await Stand.start({
    database: startChaosMariadb,
    databaseDeadlineMilliseconds: DATABASE_DEADLINE_MILLISECONDS,
  });
  [one, other] = stand.processes as [ServerProcess, ServerProcess];
}, 300_000);
afterAll(() => stand?.stop(), 120_000);

/** Plays all rounds, some at once, and says of which something was wrong. */
async function wrongRounds(play: (round: number) => Promise<string | undefined>): Promise<string[]> {
  const wrong: string[] = [];
  let next = 0;
  const player = async () => {
    while (next < ROUNDS) {
      const round = next++;
      const what = await play(round);
      if (what !== undefined) wrong.push(`round ${round}: ${what}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, player));
  return wrong;
}

/** By chance one or the other of two comes first, or both come at the same moment. */
function aMoment(): Promise<void> {
  return Math.random() < 0.3 ? Promise.resolve() : pause(Math.random() * 8);
}

const told = ({ status, body }: Answer) => `${status} ${body.error ?? ''}`.trim();

/** What a token is answered with, at both processes. */
async function atBoth(token: string): Promise<string> {
  const answers = await Promise.all([one, other].map((process) => get(process, '/read', token)));
  return answers.map(({ status }) => status).join(' ');
}

/** What is refused from an acknowledgement and the bound on. */
async function refusedAtBoth(token: string): Promise<string | undefined> {
  await pause(REVOCATION_BOUND_MILLISECONDS);
  const statuses = await atBoth(token);
  return statuses === '401 401' ? undefined : `after the bound: ${statuses}`;
}

const refresh = (at: ServerProcess, refreshToken: string) =>
  post(at, 'token', stand.web, { grant_type: 'refresh_token', refresh_token: refreshToken });

const unavailable = (answers: readonly Answer[]) => answers.find(({ status }) => status !== 200 && status !== 401);

test(
  '[RS-16] a revocation at one process and the first look-ups at the other: the token is refused once the bound is over',
  async () => {
    const wrong = await wrongRounds(async () => {
      const token = await one.order('issue', { scope: 'read' });
      const [revoked, ...answers] = await Promise.all([
        aMoment().then(() => post(one, 'revoke', stand.service, { token })),
        ...[other, one, other].map((process) => aMoment().then(() => get(process, '/read', token))),
      ]);
      if (revoked?.status !== 200) return `the revocation: ${told(revoked as Answer)}`;
      const odd = unavailable(answers);
      return odd === undefined ? refusedAtBoth(token) : told(odd);
    });
    expect(wrong).toEqual([]);
  },
  TIMEOUT_MILLISECONDS,
);

test(
  '[AS-31 §6] two refreshes with one token at two processes: one successor, which is stored once',
  async () => {
    const wrong = await wrongRounds(async () => {
      const { refreshToken } = await stand.tokens();
      const answers = await Promise.all(
        [one, other].map((process) => aMoment().then(() => refresh(process, refreshToken))),
      );
      const successors = new Set(answers.map(({ status, body }) => `${status} ${body.refresh_token}`));
      if (successors.size !== 1 || answers[0]?.status !== 200) return answers.map(told).join(', ');
      const { refreshTokens } = await one.order('family', refreshToken);
      return refreshTokens === 2 ? undefined : `${refreshTokens} refresh tokens`;
    });
    expect(wrong).toEqual([]);
  },
  TIMEOUT_MILLISECONDS,
);

test(
  '[AS-33 §2.1] a refresh at one process and a revocation at the other: nothing of the family is left',
  async () => {
    const wrong = await wrongRounds(async () => {
      const { refreshToken } = await stand.tokens();
      const [refreshed, revoked] = await Promise.all([
        aMoment().then(() => refresh(one, refreshToken)),
        aMoment().then(() => post(other, 'revoke', stand.web, { token: refreshToken })),
      ]);
      if (revoked.status !== 200) return `the revocation: ${told(revoked)}`;
      const isStated = refreshed.status === 200 || told(refreshed) === '400 invalid_grant';
      if (!isStated) return `the refresh: ${told(refreshed)}`;
      const { live } = await one.order('family', refreshToken);
      if (live !== 0) return `${live} tokens are left`;
      return refreshed.status === 200 ? refusedAtBoth(String(refreshed.body.access_token)) : undefined;
    });
    expect(wrong).toEqual([]);
  },
  TIMEOUT_MILLISECONDS,
);

test(
  '[AS-26 §4.1.2] one code at two processes: one exchange succeeds, and the other revokes what it issued',
  async () => {
    const wrong = await wrongRounds(async () => {
      const code = await stand.code();
      const answers = await Promise.all(
        [one, other].map((process) => aMoment().then(() => post(process, 'token', stand.web, code))),
      );
      const [granted, refused] = answers.sort((left, right) => left.status - right.status) as [Answer, Answer];
      if (granted.status !== 200 || told(refused) !== '400 invalid_grant') return answers.map(told).join(', ');
      const { live } = await other.order('family', String(granted.body.refresh_token));
      return live === 0 ? refusedAtBoth(String(granted.body.access_token)) : `${live} tokens are left`;
    });
    expect(wrong).toEqual([]);
  },
  TIMEOUT_MILLISECONDS,
);

test(
  '[RS-17] a user who is disabled at one process and asks at the other: refused once the bound is over',
  async () => {
    const wrong = await wrongRounds(async (round) => {
      const user = `user${round}`;
      await one.order('addUser', user);
      const token = await one.order('issue', { scope: 'read', user });
      const [, ...answers] = await Promise.all([
        aMoment().then(() => one.order('disableUser', user)),
        ...[other, one, other].map((process) => aMoment().then(() => get(process, '/read', token))),
      ]);
      const odd = unavailable(answers);
      return odd === undefined ? refusedAtBoth(token) : told(odd);
    });
    expect(wrong).toEqual([]);
  },
  TIMEOUT_MILLISECONDS,
);

test(
  '[AS-36] a secret that is replaced at one process and used at the other: once that is done, only the new one is good',
  async () => {
    const form = { grant_type: 'client_credentials', scope: 'read' };
    const clients = await Promise.all(Array.from({ length: AT_ONCE }, () => one.order('addClient')));
    const free: Client[] = [...clients];
    const wrong = await wrongRounds(async () => {
      const before = free.pop() as Client;
      const [clientSecret, ...answers] = await Promise.all([
        aMoment().then(() => one.order('rotateSecret', before.clientId)),
        ...[other, one, other].map((process) => aMoment().then(() => post(process, 'token', before, form))),
      ]);
      const after = { clientId: before.clientId, clientSecret };
      const odd = unavailable(answers);
      const told = await Promise.all(
        [one, other].map(async (process) => {
          const [withOld, withNew] = [
            await post(process, 'token', before, form),
            await post(process, 'token', after, form),
          ];
          return `${withOld.status} ${withNew.status}`;
        }),
      );
      free.push(after);
      if (odd !== undefined) return `meanwhile: ${odd.status}`;
      return told.join(', ') === '401 200, 401 200' ? undefined : told.join(', ');
    });
    expect(wrong).toEqual([]);
  },
  TIMEOUT_MILLISECONDS,
);

test(
  '[AS-43 §2] signing keys that are replaced at one process while the other signs tokens: both processes admit every one of them',
  async () => {
    const form = { grant_type: 'client_credentials', scope: 'read', resource: SIGNED_RESOURCE };
    let isOver = false;
    let replaced = 0;
    // One after the other, for as long as there are rounds: new keys take longer than a round.
    const replacing = (async () => {
      for (; !isOver; replaced += 1) await one.order('replaceKeys');
    })();
    const wrong = await wrongRounds(async () => {
      const issued = await aMoment().then(() => post(other, 'token', stand.service, form));
      if (issued.status !== 200) return `the token request: ${told(issued)}`;
      const token = String(issued.body.access_token);
      if (token.split('.').length !== 3) return 'the token is not signed';
      const statuses = await atBoth(token);
      return statuses === '200 200' ? undefined : statuses;
    });
    isOver = true;
    await replacing;
    expect(replaced).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  },
  TIMEOUT_MILLISECONDS,
);
