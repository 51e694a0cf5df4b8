import { cp, mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root, run } from '../run.mjs';
import { environmentOf } from './runtimes.mjs';

const BUILD = 'build/Release/better_sqlite3.node';
const INSTALLED = join(root, 'node_modules/better-sqlite3');

/**
 * Provides better-sqlite3 for a version of Node: what was installed here if it has the same binary interface, otherwise
 * compiled in a copy of the sources, with the headers in the package of that version. The debug build takes a third of
 * the time of the other one, and SQLite checks itself in it.
 *
 * @returns the path of the native module
 */
export async function nativeModuleFor(runtime, folder) {
  if (runtime.abi === process.versions.modules) return join(INSTALLED, BUILD);
  const copy = join(folder, `better-sqlite3-${runtime.abi}`);
  await mkdir(copy, { recursive: true });
  for (const part of ['binding.gyp', 'deps', 'lib', 'src', 'package.json']) {
    await cp(join(INSTALLED, part), join(copy, part), { recursive: true });
  }
  await run(runtime.executable, [await gyp(), 'rebuild', '--debug', `--nodedir=${runtime.home}`], {
    cwd: copy,
    env: environmentOf(runtime),
  });
  return join(copy, 'build/Debug/better_sqlite3.node');
}

/** npm brings node-gyp along. */
async function gyp() {
  const npm = join((await run('npm', ['root', '--global'])).trim(), 'npm/package.json');
  return createRequire(npm).resolve('node-gyp/bin/node-gyp.js');
}

/** Puts a native module in place of the one in a folder, whose file may be a link to that of the checkout. */
export async function placeNativeModule(nativeModule, folder) {
  const place = join(folder, 'node_modules/better-sqlite3', BUILD);
  await rm(place, { force: true });
  await mkdir(dirname(place), { recursive: true });
  await cp(nativeModule, place);
}
