/** What the packages of a contender occupy on disk, with all that they depend on. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULES = fileURLToPath(new URL('../node_modules', import.meta.url));

/**
 * Follows dependencies, optional ones that are installed, and peers that are not optional, as npm does in a production install.
 *
 * @param names packages that package.json of an application would name
 * @returns `packages`, how many, and `bytes`, in whole blocks, as `du` counts
 */
export function installedSize(names) {
  const folders = new Set();
  for (const name of names) follow(name, MODULES, folders);
  return { packages: folders.size, bytes: [...folders].reduce((sum, folder) => sum + occupied(folder), 0) };
}

function follow(name, from, folders) {
  const folder = folderOf(name, from);
  if (folder === undefined || folders.has(folder)) return;
  folders.add(folder);
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const peers = Object.keys(about.peerDependencies ?? {});
  for (const next of [
    ...Object.keys(about.dependencies ?? {}),
    ...Object.keys(about.optionalDependencies ?? {}),
    ...peers.filter((peer) => !about.peerDependenciesMeta?.[peer]?.optional),
  ]) {
    follow(next, folder, folders);
  }
}

/** Where Node finds a package from a folder; `undefined` if it is not installed. */
function folderOf(name, from) {
  const places = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  return places
    .map((place) => join(place, name))
    .find((folder) => folder.startsWith(dirname(MODULES)) && existsSync(join(folder, 'package.json')));
}

function occupied(path) {
  const { blocks } = lstatSync(path);
  const own = blocks * 512;
  if (!lstatSync(path).isDirectory()) return own;
  // What is nested there counts for who needs it.
  const names = readdirSync(path).filter((name) => name !== 'node_modules');
  return names.reduce((sum, name) => sum + occupied(join(path, name)), own);
}
