import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LeashedProcess, startLeashed } from './leashed-process.js';
import { freePort } from './ports.js';

/** A throw-away Redis of this machine. */
export interface RedisProcess {
  readonly url: string;
  readonly port: number;
  /** The process that runs now; another one after `restart`. */
  readonly process: ChildProcess;
  /** Ends it in order and removes its files. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would, and keeps its files and port for `restart`. */
  kill(): Promise<void>;
  /** Ends it (if it runs) and starts it again on the same port with the same arguments. */
  restart(): Promise<void>;
  /** Freezes it: its sockets stay open and nothing is answered. */
  freeze(): void;
  /** Lets a frozen one go on. */
  thaw(): void;
}

/** The program, or what `TEST_REDIS_SERVER` names. */
export function redisServerProgram(): string {
  return process.env.TEST_REDIS_SERVER || 'redis-server';
}

/**
 * Starts a throw-away Redis on a free port. It stores nothing on disk unless `parameters` say so.
 *
 * @param parameters as on the command line of redis-server, e.g. `['--cluster-enabled', 'yes']`
 */
export async function startRedis(parameters: readonly string[] = []): Promise<RedisProcess> {
  return startServer((port) => ['--port', `${port}`, '--save', '', '--appendonly', 'no', ...parameters]);
}

/** Starts the program with what `parametersFor` gives for the port that was found free, beside these files. */
export async function startServer(
  parametersFor: (port: number) => string[],
  files: Readonly<Record<string, string>> = {},
): Promise<RedisProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-redis-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const remove = () => rm(folder, { recursive: true, force: true });

  let started: { port: number; server: LeashedProcess } | undefined;
  for (let attempt = 1; started === undefined; attempt += 1) {
    const port = await freePort();
    try {
      started = { port, server: await launch(folder, port, parametersFor(port)) };
    } catch (error) {
      // Another process may have taken the port since it was found free.
      if (attempt < 5 && String(error).includes('in use')) continue;
      await remove();
      throw error;
    }
  }
  const { port } = started;
  let { server } = started;

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get process() {
      return server.process;
    },
    async stop() {
      server.process.kill('SIGCONT');
      await server.end('SIGTERM');
      await remove();
    },
    kill: () => server.end('SIGKILL'),
    async restart() {
      server.process.kill('SIGCONT');
      await server.end('SIGTERM');
      server = await launch(folder, port, parametersFor(port));
    },
    freeze: () => void server.process.kill('SIGSTOP'),
    thaw: () => void server.process.kill('SIGCONT'),
  };
}

/** Starts the program and waits until it answers. */
async function launch(folder: string, port: number, parameters: readonly string[]): Promise<LeashedProcess> {
  const logFile = join(folder, 'redis.log');
  await rm(logFile, { force: true });
  const common = ['--bind', '127.0.0.1', '--dir', folder];
  const server = await startLeashed(redisServerProgram(), [...parameters, ...common], {
    logFile,
    workingFolder: folder,
  });
  const end = Date.now() + 20_000;
  while (server.running() && Date.now() < end) {
    if (await answers(port)) return server;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const ended = !server.running();
  await server.end('SIGKILL');
  const log = await readFile(logFile, 'utf8').catch(() => '');
  throw new Error(`${redisServerProgram()} ${ended ? 'ended at once' : `does not answer on port ${port}`}:\n${log}`);
}

/** Whether Redis answers a PING; any answer but "loading" counts, a demand for a password included. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (answer) => finish(/^[+-](?!LOADING)/.test(answer.toString('latin1'))));
  });
}
