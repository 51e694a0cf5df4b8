import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { buildSync } from 'esbuild';
import { startLeashed } from '../support/leashed-process.js';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // In a container whose first process does not collect orphans, a dead one stays as a zombie.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH' && !existsSync('/proc/self');
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('The condition did not come true within 20 seconds.');
    await pause(10);
  }
}

describe('a process on a leash', () => {
  test('ends by the signal that it is sent, and takes its folder with it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-leash-'));
    const sleeper = await startLeashed('sleep', ['600'], { removeAfterwards: folder });
    expect(sleeper.running()).toBe(true);
    await sleeper.end('SIGTERM');
    expect(sleeper.running()).toBe(false);
    expect(sleeper.process.signalCode).toBe('SIGTERM');
    await until(() => !existsSync(folder));
  });

  test('is killed, even frozen, when its owner is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-leash-'));
    const program = join(folder, 'owner.mjs');
    buildSync({
      stdin: {
        contents: `import { startLeashed } from './leashed-process.js';
          const sleeper = await startLeashed('sleep', ['600']);
          sleeper.process.kill('SIGSTOP');
          console.log(sleeper.pid);
          setInterval(() => {}, 1000);`,
        resolveDir: join(import.meta.dirname, '../support'),
        loader: 'ts',
      },
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    const owner = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(owner.stdout, 'data');
    const pid = Number(String(line));
    expect(isAlive(pid)).toBe(true);
    owner.kill('SIGKILL');
    await until(() => !isAlive(pid));
    await rm(folder, { recursive: true });
  });

  test('that is not on this machine is reported as ended', async () => {
    const missing = await startLeashed('no-such-program', []);
    await until(() => !missing.running());
    expect(missing.process.exitCode).toBe(127);
  });
});
