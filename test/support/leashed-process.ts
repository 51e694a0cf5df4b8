import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import type { Socket } from 'node:net';

/** A child process that cannot outlive this one. */
export interface LeashedProcess {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Whether it has not ended yet. */
  running(): boolean;
  /** Sends a signal and waits until the process has ended; SIGKILL follows after `patienceMilliseconds`. */
  end(signal?: NodeJS.Signals, patienceMilliseconds?: number): Promise<void>;
}

export interface LeashOptions {
  /** Where standard output and standard error go; dropped by default. */
  readonly logFile?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly workingFolder?: string;
  /** A folder that goes when the program has ended or this process has. */
  readonly removeAfterwards?: string;
  /** The user to run as; only root can choose. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/**
 * The watcher reads a pipe that only this process holds open. However this process ends, SIGKILL included, the pipe
 * closes and the watcher kills the child. An exit handler could not do that, and inside a Jest test `process.on('exit')`
 * listens to a copy that never speaks. The child keeps the shell's process id, because the shell becomes it. The line
 * that the watcher writes says that it is there: a shell that got a signal before would leave nobody to watch.
 */
const LEASH =
  'child=$$; folder=$1; shift; ' +
  '(echo >&3; read -r _ <&3; kill -9 $child 2>/dev/null; [ -z "$folder" ] || rm -rf "$folder") & exec "$@" 3<&-';

/** Starts a program on a leash: when this process ends, for whatever reason, the program is killed. */
export async function startLeashed(
  command: string,
  parameters: readonly string[],
  options: LeashOptions = {},
): Promise<LeashedProcess> {
  const log: FileHandle | undefined = options.logFile === undefined ? undefined : await open(options.logFile, 'a');
  const output = log?.fd ?? 'ignore';
  // A process group of its own, so that Ctrl-C in a terminal reaches this process first and not the watcher.
  const child = spawn('/bin/sh', ['-c', LEASH, 'leash', options.removeAfterwards ?? '', command, ...parameters], {
    stdio: ['ignore', output, output, 'pipe'],
    detached: true,
    ...(options.env === undefined ? {} : { env: options.env }),
    ...options.owner,
    ...(options.workingFolder === undefined ? {} : { cwd: options.workingFolder }),
  });
  const leash = child.stdio[3] as Socket;
  leash.on('error', () => {});
  child.once('exit', () => leash.destroy());
  const over = once(child, 'exit');
  await once(child, 'spawn');
  await Promise.race([once(leash, 'data'), over]);
  leash.unref();
  child.unref();
  await log?.close();
  const running = () => child.exitCode === null && child.signalCode === null;
  return {
    process: child,
    pid: child.pid as number,
    running,
    async end(signal = 'SIGTERM', patienceMilliseconds = 10_000) {
      if (!running()) return;
      const ended = once(child, 'exit');
      child.ref();
      child.kill(signal);
      const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMilliseconds);
      await ended;
      clearTimeout(impatience);
    },
  };
}
