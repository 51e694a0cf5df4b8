import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** How long one process may hold the lock before others give up, in milliseconds. */
const PATIENCE = 300_000;

/**
 * Runs `work` while holding a lock file, which names its holder's process. A lock whose holder is gone is taken over.
 *
 * @throws Error naming the file if another process holds it for too long
 */
export async function withLock(file, work) {
  const end = Date.now() + PATIENCE;
  while (!(await acquired(file))) {
    if (Date.now() > end) throw new Error(`Another process holds ${file}; remove it if none does.`);
    if (await isAbandoned(file)) await rm(file, { force: true });
    else await pause(50);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function acquired(file) {
  try {
    await writeFile(file, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

async function isAbandoned(file) {
  const holder = await readFile(file, 'utf8').catch(() => undefined);
  if (holder === undefined) return false;
  // A lock is empty between its creation and its first byte; if it stays empty, a crash left it behind.
  if (holder === '') return (await stat(file).catch(() => undefined))?.mtimeMs < Date.now() - 5_000;
  try {
    process.kill(Number(holder), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}
