import { setTimeout as pause } from 'node:timers/promises';
import { getUnguarded } from './asking.js';
import type { Fault } from './fault.js';
import { Findings } from './findings.js';
import { checkWrites } from './load/acknowledged.js';
import { Load } from './load/load.js';
import { knownTokens } from './load/tokens.js';
import { LIMIT_MILLISECONDS } from './protocol.js';
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

const UNGUARDED = 'an action that nothing guards';

/** Puts a stand under load, lets a fault begin and end, and waits until everything is as it was. */
export async function runFault(stand: Stand, fault: Fault, usual: Pace): Promise<Outcome> {
  const findings = new Findings();
  for (const process of stand.processes) {
    process.pulse.start(async () => {
      const { status } = await findings.judge(UNGUARDED, getUnguarded(process), [200]);
      // It needs nothing that could be away.
      if (status === 503) findings.otherErrors.push(`${UNGUARDED}: 503`);
    });
  }
  try {
    return await runUnderLoad(stand, fault, { ...usual, fault: lasting(fault, usual) }, findings);
  } finally {
    await Promise.all(stand.processes.map(({ pulse }) => pulse.stop()));
  }
}

function lasting(fault: Fault, usual: Pace): number {
  return fault.isSilent === true ? Math.max(usual.fault, LIMIT_MILLISECONDS + 1_000) : usual.fault;
}

async function runUnderLoad(stand: Stand, fault: Fault, pace: Pace, findings: Findings): Promise<Outcome> {
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
  const lateBefore = stand.processes.map(({ pulse }) => pulse.lateMilliseconds);
  await untilTrue(async () => {
    const { quiet } = pace;
    if (quiet === undefined) return findings.allAnsweredSince(ended);
    const now = performance.now();
    return now - Math.max(findings.lastTrouble, ended) > quiet && now - findings.oldestUnderWay() < quiet;
  }, `the processes have recovered from ${fault.name}`);
  const recoverMilliseconds = Math.max(0, findings.lastTrouble - ended);
  const late = stand.processes.map(({ pulse }, index) => pulse.lateMilliseconds - (lateBefore[index] as number));
  findings.limit('the recovery', recoverMilliseconds, Math.max(...late));
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

async function untilTrue(holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MILLISECONDS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`It did not come to this: ${what}.`);
    await pause(50);
  }
}
