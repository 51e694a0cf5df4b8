import { type LeashedProcess, type LeashOptions, startLeashed } from './leashed-process.js';
import { signalTree } from './process-tree.js';

/** What can happen to a server of this machine. */
export interface ServerProcess {
  /** Ends it at once, as a crash would, and keeps its files and port for `restart`. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same arguments, and waits until it answers. */
  restart(): Promise<void>;
  /** Freezes it: its sockets stay open and nothing is answered. */
  freeze(): void;
  /** Lets a frozen one go on. */
  thaw(): void;
}

/** How one is started and ended. */
export interface Start {
  readonly program: string;
  readonly parameters: readonly string[];
  /** The folder of its files, which goes when it is stopped or this process ends. */
  readonly folder: string;
  readonly options: LeashOptions;
  /** How it is told to end without waiting for its clients. */
  readonly stopSignal: NodeJS.Signals;
  untilReady(server: LeashedProcess): Promise<unknown>;
}

/** Starts a server that can be killed, frozen and started again. */
export async function startServerProcess(start: Start): Promise<ServerProcess & { stop(): Promise<void> }> {
  // The folder outlives the server, so another process on a leash keeps it.
  const keeper = await startLeashed('sleep', ['2147483647'], { removeAfterwards: start.folder });
  const launch = async () => {
    const server = await startLeashed(start.program, start.parameters, start.options);
    await start.untilReady(server);
    return server;
  };
  let server: LeashedProcess;
  try {
    server = await launch();
  } catch (error) {
    await keeper.end('SIGKILL');
    throw error;
  }
  return {
    async kill() {
      signalTree(server.pid, 'SIGKILL');
      await server.end('SIGKILL');
    },
    async restart() {
      server = await launch();
    },
    freeze: () => signalTree(server.pid, 'SIGSTOP'),
    thaw: () => signalTree(server.pid, 'SIGCONT'),
    async stop() {
      signalTree(server.pid, 'SIGCONT');
      await server.end(start.stopSignal);
      await keeper.end('SIGKILL');
    },
  };
}
