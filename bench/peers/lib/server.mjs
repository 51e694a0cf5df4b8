/** A contender in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onCore } from './affinity.mjs';

const SERVE = fileURLToPath(new URL('../serve.mjs', import.meta.url));
const START_MILLISECONDS = 60_000;
const STOP_MILLISECONDS = 10_000;
const SAID_CHARACTERS = 4000;

/**
 * @param settings what contenders/ get: `database`, `redis`, `prefix`, `limit`, `jwt` and so on
 * @param core where it runs; anywhere without one
 * @param flags of Node
 */
export async function startServer({ module, entry, label }, settings, core, flags = []) {
  const [command, ...parameters] = onCore(core, [
    process.execPath,
    ...flags,
    SERVE,
    JSON.stringify({ module, entry, ...settings }),
  ]);
  const child = spawn(command, parameters, {
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  // Shown only if something goes wrong.
  let said = '';
  const listen = (chunk) => {
    said = (said + chunk).slice(-SAID_CHARACTERS);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  let over = false;
  const ended = once(child, 'exit').then(([code, signal]) => {
    over = true;
    return code ?? signal;
  });
  const { port } = await within(START_MILLISECONDS, `"${label}" starts`, [
    once(child, 'message').then(([message]) => message),
    ended.then((code) => {
      throw new Error(`"${label}" ended with ${code}.`);
    }),
  ]).catch((error) => {
    child.kill('SIGKILL');
    throw new Error(`${error.message} It said: ${said}`);
  });
  return {
    pid: child.pid,
    port,
    label,
    /** Bytes that are reachable there; needs the flag `--expose-gc`. */
    async memory() {
      const answered = once(child, 'message');
      child.send('memory');
      const [{ bytes }] = await within(START_MILLISECONDS, `"${label}" tells its memory`, [answered]);
      return bytes;
    },
    async stop() {
      if (over) return;
      child.send('close');
      await within(STOP_MILLISECONDS, `"${label}" ends`, [ended]).catch(() => child.kill('SIGKILL'));
    },
  };
}

async function within(milliseconds, what, promises) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`After ${milliseconds} ms still not: ${what}.`)), milliseconds);
  });
  try {
    return await Promise.race([...promises, late]);
  } finally {
    clearTimeout(timer);
  }
}
