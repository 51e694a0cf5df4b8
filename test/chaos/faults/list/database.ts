import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.js';

/** How late every answer of a slow database is. */
const LATE_MILLISECONDS = 100;

/** What can happen to a database server. */
export function databaseFaults(name: string): readonly Fault[] {
  let killing: { stop(): Promise<void> } | undefined;
  let deadlocksBefore = 0;
  return [
    {
      name: `${name} is killed and started again`,
      begin: ({ database }) => database.kill(),
      end: ({ database }) => database.restart(),
    },
    {
      name: `${name} is frozen`,
      isSilent: true,
      begin: async ({ database }) => database.freeze(),
      end: async ({ database }) => database.thaw(),
    },
    {
      name: `every answer of ${name} is ${LATE_MILLISECONDS} ms late`,
      begin: async ({ databaseProxy }) => databaseProxy.delay(LATE_MILLISECONDS),
      end: async ({ databaseProxy }) => databaseProxy.delay(0),
    },
    {
      name: `${name} is out of connections`,
      begin: ({ database }) => database.refuseConnections(),
      end: ({ database }) => database.acceptConnections(),
    },
    {
      name: `the connections to ${name} are killed, five times a second`,
      begin: async ({ database }) => {
        killing = repeatedly(200, () => database.killConnections());
      },
      end: async () => killing?.stop(),
    },
    {
      name: `${name} is read-only`,
      begin: ({ database }) => database.setReadOnly(true),
      end: ({ database }) => database.setReadOnly(false),
    },
    {
      name: `${name} has deadlocks`,
      begin: async ({ database }) => {
        deadlocksBefore = await database.deadlocks();
        await database.startDeadlocks();
      },
      until: async ({ database }) => (await database.deadlocks()) > deadlocksBefore,
      end: ({ database }) => database.stopDeadlocks(),
    },
  ];
}

function repeatedly(everyMilliseconds: number, act: () => Promise<void>): { stop(): Promise<void> } {
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await act();
      await pause(everyMilliseconds);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await running;
    },
  };
}
