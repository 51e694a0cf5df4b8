import { fork, spawnSync } from 'node:child_process';
import { openLoad, warmUp } from '../lib/load.mjs';

const CONNECTIONS = 64;
/** At the start of a slice a server has been idle for one. */
const RAMP_MILLISECONDS = 100;

/** Keeps a process on one core, where the system can: a server that wanders between cores measures the wandering. */
export function pin(pid, core) {
  return spawnSync('taskset', ['-acp', String(core), String(pid)]).status === 0;
}

/** Starts `server.mjs` in a process of its own, on the first core. */
export async function startServer(settings) {
  const child = fork(new URL('./server.mjs', import.meta.url), [JSON.stringify(settings)], {
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const next = () =>
    new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`The server "${settings.mode}" ended with ${code}.`));
      child.once('exit', ended);
      child.once('message', (message) => {
        child.off('exit', ended);
        resolve(message);
      });
    });
  const { port, client } = await next();
  pin(child.pid, 0);
  let load;
  return {
    port,
    client,
    /** Opens the connections that it is driven by, which ask what `requestOf` says, and makes it warm by them. */
    async open(requestOf, warmUpMilliseconds) {
      load = await openLoad({ port, connections: CONNECTIONS, requestOf });
      await warmUp(load, { port, requestOf }, warmUpMilliseconds);
    },
    /** Drives it for a while; every answer must be 200. */
    async slice(milliseconds) {
      child.send('start');
      const result = await load.slice(milliseconds, RAMP_MILLISECONDS);
      child.send('stop');
      const { cpuMicroseconds } = await next();
      if (result.failures > 0) throw new Error(`${result.failures} requests to "${settings.mode}" failed.`);
      return { ...result, cpuMicrosecondsPerRequest: cpuMicroseconds / result.answered };
    },
    async stop() {
      load?.close();
      const closed = new Promise((resolve) => child.once('exit', resolve));
      child.send('close');
      await closed;
    },
  };
}
