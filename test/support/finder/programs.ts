import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Where servers live on systems that keep these folders out of an ordinary user's PATH. */
const SERVER_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The path of the first of these programs that is on this machine. */
export function findProgram(...names: string[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...SERVER_FOLDERS];
  return firstExecutable(names.flatMap((name) => folders.map((folder) => join(folder, name))));
}

/** The path of a program of the newest PostgreSQL; Debian keeps them out of PATH, in a folder per version. */
export function findPostgresProgram(name: string): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((left, right) => Number(right) - Number(left)) : [];
  return firstExecutable(versions.map((version) => join(root, version, 'bin', name))) ?? findProgram(name);
}

function firstExecutable(paths: readonly string[]): string | undefined {
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Whether this process may install packages: root on Debian or a system made from it. */
export function canInstall(): boolean {
  return isRoot() && existsSync('/etc/debian_version') && findProgram('apt-get') !== undefined;
}

const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs Debian packages without starting the services in them.
 *
 * @throws Error with the end of the output if apt-get fails
 */
export async function installPackages(packages: readonly string[]): Promise<void> {
  // Debian's own switch: maintainer scripts ask this program before they start a service; 101 means "do not".
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) {
    await writeFile(POLICY, '#!/bin/sh\nexit 101\n');
    await chmod(POLICY, 0o755);
  }
  try {
    await run('apt-get', ['-q', 'update']);
    const options = ['-q', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
    await run('apt-get', ['install', ...options, ...packages]);
  } finally {
    if (ownPolicy) await rm(POLICY, { force: true });
  }
}

/** What `run` may be told beside the command. */
export interface RunOptions {
  /** The user to run as; only root can choose. */
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Runs a program to its end and gives its output.
 *
 * @throws Error with the last lines of its output if it cannot start or does not exit with 0
 */
export function run(command: string, parameters: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
      ...options,
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${parameters[0] ?? ''} ended with code ${code}: ${lastLines(output)}`));
    });
  });
}

/** The end of a program's output, in one line. */
export function lastLines(output: string, count = 4): string {
  const lines = output.trim().split('\n');
  return lines
    .slice(-count)
    .map((line) => line.trim())
    .join(' | ');
}
