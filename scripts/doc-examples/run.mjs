import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../run.mjs';

const LONGEST_MILLISECONDS = 30_000;

/**
 * Runs the programs, one after the other.
 *
 * @returns what went wrong
 */
export async function runPrograms(folder, programs) {
  const problems = [];
  for (const program of programs.filter(({ run }) => run !== undefined)) {
    const problem = await runOne(folder, program);
    if (problem !== undefined) problems.push(`${program.where}: ${problem}`);
  }
  return problems;
}

async function runOne(folder, { name, run }) {
  const preload = join(root, 'scripts/doc-examples/listen-anywhere.mjs');
  const child = spawn(process.execPath, ['--import', preload, join(folder, 'out', `${name}.js`)], {
    cwd: folder,
    env: {
      ...process.env,
      NODE_ENV: 'test',
      DATABASE_URL: 'sqlite::memory:',
      REDIS_URL: undefined,
      OAUTH2_ENCRYPTION_KEYS: randomBytes(32).toString('base64url'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timeout = setTimeout(() => child.kill('SIGKILL'), LONGEST_MILLISECONDS);
  const exited = once(child, 'exit');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const status = run === 'serves' ? await firstAnswer(child) : undefined;
  const [code, signal] = await exited;
  clearTimeout(timeout);
  if (run === 'serves' ? status !== undefined && status < 500 : code === 0) return undefined;
  return `run=${run}: it ended with ${code ?? signal}${status === undefined ? '' : ` after answering ${status}`}.\n${said}`;
}

/** Asks as soon as the program listens, and ends it. */
async function firstAnswer(child) {
  let status;
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^listens on (\d+)$/.exec(line)?.[1];
    if (port === undefined) continue;
    status = (await fetch(`http://127.0.0.1:${port}/books`)).status;
    child.kill('SIGTERM');
  }
  return status;
}
