import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { LeashedProcess } from '../leashed-process.js';
import { lastLines } from './programs.js';
import { reasonOf } from './service.js';

/** How long a server may take until it answers, in milliseconds. */
const PATIENCE = 90_000;

/**
 * Waits until a server that was just started answers.
 *
 * @throws Error with the end of its log if it ends instead, or never answers
 */
export async function waitUntilReady<Answer>(
  name: string,
  server: LeashedProcess,
  logFile: string,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const ended = !server.running();
      if (!ended && Date.now() < end) {
        await pause(50);
        continue;
      }
      await server.end('SIGKILL');
      const log = lastLines(await readFile(logFile, 'utf8').catch(() => ''));
      throw new Error(`${name} ${ended ? 'ended at once' : `never answered (${reasonOf(error)})`}: ${log}`);
    }
  }
}
