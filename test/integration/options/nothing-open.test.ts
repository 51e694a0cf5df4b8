import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bundle } from '../../support/bundle.js';
import { redisUrl } from '../../support/services.js';

const PATIENCE_MILLISECONDS = 20_000;
let program: string;

beforeAll(async () => {
  program = await bundle(new URL('process.ts', import.meta.url), 'options');
});

afterAll(() => rm(program, { force: true }));

async function start(which: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [program, redisUrl(), which], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  return { child, said: String(said).trim() };
}

test.each(['no scopes', 'no users', 'an unknown policy'])(
  'options that are refused late (%s) leave nothing open: the process ends by itself',
  async (which) => {
    const { child, said } = await start(which);
    expect(said).toBe('refused');
    const impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MILLISECONDS);
    const [code, signal] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode, null];
    clearTimeout(impatience);
    expect([code, signal]).toEqual([0, null]);
  },
);

test('what is made stays open', async () => {
  const { child, said } = await start('good');
  expect(said).toBe('made');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  child.kill('SIGKILL');
  await once(child, 'exit');
});
