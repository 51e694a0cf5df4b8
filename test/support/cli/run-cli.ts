import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';

/** The built command line, as `bin` of the package names it. */
export const CLI = resolve('dist/cli/main.js');

/** How a call ended. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a call gets beside its arguments. */
export interface CallOptions {
  /** Environment variables; without them a call sees neither DATABASE_URL nor REDIS_URL. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Told of the process as soon as it runs, e.g. to send it a signal. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** A call that does not end by itself within this time has failed, whatever it printed. */
const CAP_MILLISECONDS = 25_000;

/**
 * Runs `rc-oauth2` within this process, as `main.ts` runs it: nothing is loaded anew for each call. A call that is to be
 * watched from outside gets a process of its own.
 */
export async function runCli(args: readonly string[], options: CallOptions = {}): Promise<Finished> {
  if (options.onStart !== undefined || options.cwd !== undefined) return runCliProcess(args, options);
  const { run } = await import('../../../src/cli/program.js');
  const stdout = new Collected();
  const stderr = new Collected();
  const code = await run(args, {
    stdout,
    stderr: stderr as Writable as NodeJS.WriteStream,
    env: cleanEnvironment(options.env),
  });
  return { code, signal: null, stdout: stdout.text, stderr: stderr.text };
}

/** A stream that is no terminal, and keeps what is written to it. */
class Collected extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

/** Runs the built `rc-oauth2` in a process of its own, until it ends by itself. */
export function runCliProcess(args: readonly string[], options: CallOptions = {}): Promise<Finished> {
  if (!existsSync(CLI)) throw new Error(`${CLI} is missing; run npm run build first.`);
  return runProcess(process.execPath, [CLI, ...args], options);
}

/** Runs a program until it ends by itself. */
export function runProcess(command: string, args: readonly string[], options: CallOptions = {}): Promise<Finished> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd: options.cwd, env: cleanEnvironment(options.env) });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    const cap = setTimeout(() => child.kill('SIGKILL'), CAP_MILLISECONDS);
    child.on('error', failed);
    child.on('close', (code, signal) => {
      clearTimeout(cap);
      done({ code, signal, ...output });
    });
    options.onStart?.(child);
  });
}

/** The one JSON object that a call printed; throws if it printed anything else. */
export function resultOf(finished: Finished): Record<string, unknown> {
  if (finished.code !== 0) throw new Error(`exit code ${finished.code}: ${finished.stderr}`);
  return objectOf(finished.stdout);
}

/** Reads a text that is one line holding one JSON object. */
export function objectOf(text: string): Record<string, unknown> {
  if (!/^\{.*\}\n$/.test(text)) throw new Error(`not one line of JSON: ${JSON.stringify(text)}`);
  return JSON.parse(text) as Record<string, unknown>;
}

/** Where the modules for `routes` are. */
export function fixture(name: string): string {
  return join(resolve('test/integration/cli/fixtures'), name);
}

function cleanEnvironment(added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, REDIS_URL: _redis, NODE_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, ...added };
}
