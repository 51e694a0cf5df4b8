/** Brings in the peers, by the lock, and our package as its users get it: the file that `npm pack` makes of this checkout. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const HERE = fileURLToPath(new URL('..', import.meta.url));
const LOCK = new URL('../package-lock.json', import.meta.url);
const MODULES = new URL('../node_modules/', import.meta.url);
const RECORD = new URL('.peers.json', MODULES);
const OURS = 'routing-controllers-oauth2';
const QUIET = ['--no-audit', '--no-fund', '--prefer-offline'];

export function install() {
  const lock = sha256(readFileSync(LOCK));
  if (recorded().lock !== lock) {
    npm(HERE, 'ci', '--ignore-scripts', ...QUIET);
    writeFileSync(RECORD, JSON.stringify({ lock }));
  }
  const folder = mkdtempSync(join(tmpdir(), 'peers-bench-pack-'));
  try {
    // It was built already.
    const report = JSON.parse(npm(CHECKOUT, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder));
    // npm 11 and older print a list, newer ones an object by package name.
    const [packed] = Array.isArray(report) ? report : Object.values(report);
    const tarball = join(folder, packed.filename);
    const ours = sha256(readFileSync(tarball));
    if (recorded().ours === ours) return;
    // Else npm may keep another build of the same version.
    rmSync(new URL(OURS, MODULES), { recursive: true, force: true });
    npm(HERE, 'install', '--no-save', '--ignore-scripts', ...QUIET, tarball);
    writeFileSync(RECORD, JSON.stringify({ lock, ours }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The versions of all that stands in package.json, and of ours, as they are installed. */
export function versions() {
  const { dependencies } = json(new URL('../package.json', import.meta.url));
  const names = [OURS, ...Object.keys(dependencies)];
  return Object.fromEntries(names.map((name) => [name, json(new URL(`${name}/package.json`, MODULES)).version]));
}

/** What tells builds of our package apart. */
export function oursSha256() {
  return recorded().ours;
}

function recorded() {
  return existsSync(RECORD) ? json(RECORD) : {};
}

function json(url) {
  return JSON.parse(readFileSync(url, 'utf8'));
}

function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}

function npm(folder, ...parameters) {
  return execFileSync('npm', parameters, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
}
