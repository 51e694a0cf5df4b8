import { fork, spawnSync } from 'node:child_process';
import { openLoad, warmUp } from '../lib/load.mjs';

const CONNECTIONS = 64;
/** A server has been idle for one slice when the next one starts. */
const RAMP_MILLISECONDS = 100;

/** Pins a process to one core if the system can; a process that moves between cores distorts the measurement. */
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
    /** Opens the connections that drive it, which send what `requestOf` returns, and warms it up. */
    async open(requestOf, warmUpMilliseconds) {
      load = await openLoad({ port, connections: CONNECTIONS, requestOf });
      await warmUp(load, { port, requestOf }, warmUpMilliseconds);
    },
    /** Drives it for a while; every response must be 200. */
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
