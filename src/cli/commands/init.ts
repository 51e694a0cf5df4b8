import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { printable } from '../../core/printable.js';
import type { CliCommand } from '../cli-command.js';
import { CliContext } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import { applicationFiles } from '../init/application-files.js';
import type { Surroundings } from '../surroundings.js';

/** `rc-oauth2 init`: writes a small application to start from. */
export function defineInit(command: CliCommand, surroundings: Surroundings): void {
  command
    .description(
      'Writes a small application: a guarded and throttled controller, SQLite, and a test of it. Nothing is overwritten: if\n' +
        'one of its files is there already, nothing is written at all.',
    )
    .argument('[folder]', 'where to write it; made if it is not there', '.')
    .action(async (folder: string, _options: object, called: CliCommand) => {
      const { output } = new CliContext(called, surroundings);
      const files = applicationFiles(folder);
      refuseOverwriting(
        folder,
        files.map(({ path }) => path),
      );
      for (const { path, text } of files) await write(join(folder, path), text);
      const next = [
        ...(resolve(folder) === process.cwd() ? [] : [`cd ${quoted(folder)}`]),
        'npm install',
        'npm test',
        'npm start',
      ];
      output.result(
        { folder: resolve(folder), files: files.map(({ path }) => path), next },
        [
          ...files.map(({ path }) => `written  ${printable(join(folder, path))}`),
          '',
          'Next:',
          ...next.map((line) => `  ${line}`),
        ].join('\n'),
      );
    });
}

/** @throws CliError naming the files that are there */
function refuseOverwriting(folder: string, paths: readonly string[]): void {
  const taken = paths.filter((path) => existsSync(join(folder, path)));
  if (taken.length === 0) return;
  throw new CliError(
    EXIT_CODES.refused,
    'files_exist',
    `nothing is written, since ${relative(process.cwd(), resolve(folder)) || 'this folder'} has ${taken.join(', ')} already; name an empty folder.`,
  );
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    // `wx`: whoever wrote it meanwhile keeps what is there.
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    const { message } = error as Error;
    throw new CliError(EXIT_CODES.refused, 'not_written', `cannot write the application: ${message}.`, {
      cause: error,
    });
  }
}

/** For a shell, if the name needs it. */
function quoted(name: string): string {
  return /^[\w./-]+$/.test(name) && !name.startsWith('-') ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
