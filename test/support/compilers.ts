import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');

/** The compilers that users have, and the packages that they are installed as here. */
export const COMPILERS = [
  ['5.9', 'typescript-5.9'],
  ['7', 'typescript'],
] as const;

const SETTINGS = [
  ...['--noEmit', '--strict', '--noUncheckedIndexedAccess', '--experimentalDecorators', '--emitDecoratorMetadata'],
  ...['--skipLibCheck', '--target', 'es2022', '--lib', 'es2023', '--module', 'nodenext', '--types', 'node'],
];

/** What a compiler says of one file, which is the whole program; empty if there is nothing to say. */
export async function compile(compiler: string, file: string, flags: readonly string[] = []): Promise<string> {
  const tsc = join(root, 'node_modules', compiler, 'bin/tsc');
  // Since 7.0 a configuration beside the file has to be ignored by name.
  const alone = compiler === 'typescript' ? ['--ignoreConfig'] : [];
  const said = await promisify(execFile)(process.execPath, [tsc, ...SETTINGS, ...alone, ...flags, file], {
    cwd: root,
  }).catch((error: { readonly stdout: string; readonly stderr: string }) => error);
  return `${said.stdout}${said.stderr}`;
}
