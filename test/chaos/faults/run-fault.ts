import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, get, post } from './asking.js';
import type { Fault } from './fault.js';
import { Findings } from './findings.js';
import { Load } from './load/load.js';
import { knownTokens } from './load/tokens.js';
import { REVOCATION_BOUND_MILLISECONDS } from './protocol.js';
import type { ServerProcess } from './server-process.js';
import type { Stand } from './stand.js';

/** How long the phases of a run last, in milliseconds. */
export interface Pace {
  readonly before: number;
  readonly fault: number;
  /**
   * Without trouble for so long, the processes have recovered. `undefined`: as soon as there was an answer to each kind of
   * request, since on a busy machine some are late without a fault.
   */
  readonly quiet: number | undefined;
}

export interface Outcome {
  readonly name: string;
  readonly findings: Findings;
  readonly recoverMilliseconds: number;
  readonly exceeded: number;
  readonly losses: number;
}

/** Whatever was held up is answered, or has failed, long before. */
const PATIENCE_MILLISECONDS = 90_000;

/** Puts a stand under load, lets a fault begin and end, and waits until everything is as it was. */
export async function runFault(stand: Stand, fault: Fault, pace: Pace): Promise<Outcome> {
  const findings = new Findings();
  const expireAfterSeconds = expiries(pace);
  const load = new Load(stand, await knownTokens(stand, expireAfterSeconds), findings);
  load.start();
  await pause(pace.before);
  await fault.begin(stand);
  let ended: number;
  try {
    await pause(pace.fault);
    await untilTrue(async () => (await fault.until?.(stand)) ?? true, `${fault.name} has come about`);
  } finally {
    await fault.end(stand);
    ended = performance.now();
  }
  await untilTrue(async () => {
    const { quiet } = pace;
    if (quiet === undefined) return findings.allAnsweredSince(ended);
    const now = performance.now();
    return now - Math.max(findings.lastTrouble, ended) > quiet && now - findings.oldestUnderWay() < quiet;
  }, `the processes have recovered from ${fault.name}`);
  const recoverMilliseconds = Math.max(0, findings.lastTrouble - ended);
  await load.stop();
  await checkWrites(stand, load, findings);
  await load.budgets.useUp(stand.processes);
  const { exceeded } = load.budgets;
  return { name: fault.name, findings, recoverMilliseconds, exceeded, losses: fault.losses ?? 0 };
}

/** Tokens expire in the course of the run. */
function expiries({ before, fault, quiet = 0 }: Pace): number[] {
  const seconds = Math.ceil((before + fault + quiet) / 1_000);
  return Array.from({ length: seconds }, (_, index) => index + 1);
}

/** Everything that was acknowledged holds at every process. */
async function checkWrites(stand: Stand, load: Load, findings: Findings): Promise<void> {
  await pause(REVOCATION_BOUND_MILLISECONDS);
  const lost = (what: string, status: number) => findings.lostWrites.push(`${what}: ${status}`);
  for (const process of stand.processes) {
    for (const token of load.issued) {
      const { status } = await answerOf(() => get(process, '/read', token));
      if (status !== 200) lost('a token that was issued', status);
    }
    for (const token of load.revoked) {
      const { status } = await answerOf(() => get(process, '/read', token));
      if (status !== 401) lost('a token that was revoked', status);
    }
  }
  const first = stand.processes[0] as ServerProcess;
  for (const refreshToken of load.refreshTokens) {
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const { status } = await answerOf(() => post(first, 'token', stand.web, form));
    if (status !== 200) lost('a refresh token that was issued', status);
  }
}

/** An answer that says something: on a busy machine one may be 503 without a fault. */
async function answerOf(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask();
    if (answer.status !== 503 || tries === 20) return answer;
    await pause(100);
  }
}

async function untilTrue(holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MILLISECONDS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`It did not come to this: ${what}.`);
    await pause(50);
  }
}
