import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file system in memory, as Linux has it. */
const MEMORY = '/dev/shm';
const NAME = /^oauth2-tests-(\d+)-/;

/** What servers and databases of one run need, at most. Containers often have only 64 MB there. */
const NEEDED_BYTES = 1_500_000_000;

/**
 * Puts the temporary files of this process, and of all that it starts, into memory, if there is room: the tests make and
 * drop hundreds of databases, and each table of them would wait for the disk.
 *
 * @returns removes the files, and puts the environment back as it was
 */
export function useMemoryFolder(): () => void {
  if (!hasRoom()) return () => {};
  removeAbandoned();
  const before = process.env.TMPDIR;
  const folder = mkdtempSync(join(MEMORY, `oauth2-tests-${process.pid}-`));
  // PostgreSQL runs as another user; its own folder is in this one.
  chmodSync(folder, 0o711);
  if (!allowsPrograms(folder)) {
    rmSync(folder, { recursive: true, force: true });
    return () => {};
  }
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}

function hasRoom(): boolean {
  if (!existsSync(MEMORY)) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= NEEDED_BYTES;
}

/** Whether a program in it can be run, as those are that the tests install. */
function allowsPrograms(folder: string): boolean {
  const program = join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  return spawnSync(program).status === 0;
}

/** Removes what is left of runs that were killed. */
function removeAbandoned(): void {
  for (const entry of readdirSync(MEMORY)) {
    const pid = NAME.exec(entry)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      rmSync(join(MEMORY, entry), { recursive: true, force: true });
    } catch {
      // It is another user's.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
