import type { Fault } from '../fault.js';
import type { Stand } from '../stand.js';

const FIVE_MINUTES = 300_000;

const moveClock = (milliseconds: number) => async (stand: Stand) => stand.processes[0]?.moveClock(milliseconds);

/** What can happen to the first of several processes. */
export const PROCESS_FAULTS: readonly Fault[] = [
  {
    name: 'a process is killed and started again',
    begin: async ({ processes }) => processes[0]?.kill(),
    end: async ({ processes }) => processes[0]?.restart(),
  },
  {
    name: 'the clock of a process is set ahead by 5 minutes',
    begin: moveClock(FIVE_MINUTES),
    end: moveClock(0),
  },
  {
    name: 'the clock of a process is set back by 5 minutes',
    begin: moveClock(-FIVE_MINUTES),
    end: moveClock(0),
  },
];
