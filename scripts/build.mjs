// Compiles the package to dist/ and the examples to examples/dist/. It does nothing if both are up to date, and
// concurrent runs (say, `npm start` and `npm test`) do not disturb each other: one works, the other waits for it.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withLock } from './lock.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules/.cache/routing-controllers-oauth2');
const stamp = join(cache, 'built');
const stage = join(cache, `stage-${process.pid}`);
const hasTemplates = existsSync(join(root, 'templates'));
const hasExamples = existsSync(join(root, 'examples/bookstore'));

/** The files that determine whether a build is up to date. */
const INPUTS = [
  'src',
  'examples',
  'templates',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
  'scripts/build/require-entry.cjs',
];
/** The results of a build that are run by name. */
const OUTPUTS = [
  'dist/public/index.js',
  'dist/cli/main.js',
  ...(hasTemplates ? ['dist/templates/application/gitignore'] : []),
  ...(hasExamples ? ['bookstore', 'federation', 'mcp'].map((name) => `examples/dist/${name}/main.js`) : []),
];

async function build() {
  const fingerprint = await fingerprintOf(INPUTS);
  const last = await readFile(stamp, 'utf8').catch(() => undefined);
  if (last === fingerprint && OUTPUTS.every((file) => existsSync(join(root, file)))) return;
  await rm(stamp, { force: true });
  try {
    const dist = join(stage, 'dist');
    await compile('tsconfig.build.json', dist);
    const commandLine = join(dist, 'cli/main.js');
    if (existsSync(commandLine)) await chmod(commandLine, 0o755);
    await copyDeclarations(dist);
    // What `rc-oauth2 init` writes: compiled by whoever gets it, and in this repository for its types alone.
    if (hasTemplates) await cp(join(root, 'templates'), join(dist, 'templates'), { recursive: true });
    await replace(join(root, 'dist'), dist);
    if (hasExamples) {
      // The examples import the package by its name, so its new dist has to be in place first.
      const examples = join(stage, 'examples');
      await compile('examples/tsconfig.json', examples);
      await replace(join(root, 'examples/dist'), examples);
    }
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
  await writeFile(stamp, fingerprint);
}

/** A digest of all file names and contents: unlike times, they survive a clone, a checkout and a deletion. */
async function fingerprintOf(paths) {
  const digest = createHash('sha256').update(process.version);
  for (const path of paths) {
    for (const file of await filesUnder(join(root, path))) {
      digest.update(`\0${relative(root, file)}\0`).update(await readFile(file));
    }
  }
  return digest.digest('hex');
}

async function filesUnder(path) {
  if (!existsSync(path)) return [];
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [path];
  const files = [];
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    if (entry.name === 'dist' || entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
    files.push(...(await filesUnder(join(path, entry.name))));
  }
  return files;
}

/** Runs the compiler; its findings go to the terminal. */
async function compile(project, outputFolder) {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const parameters = [
    '-p',
    join(root, project),
    '--outDir',
    outputFolder,
    '--noEmitOnError',
    ...(process.stderr.isTTY ? ['--pretty'] : []),
  ];
  try {
    await promisify(execFile)(process.execPath, [compiler, ...parameters], { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}`);
    throw new Error(`The compiler refused ${project}.`, { cause: error });
  }
}

/**
 * A second copy of the declarations, for callers that are CommonJS: with `module` node16 TypeScript does not know that
 * Node loads ES modules by `require()`, and takes only what is declared as CommonJS.
 */
async function copyDeclarations(dist) {
  const files = (await filesUnder(dist)).filter((file) => file.endsWith('.d.ts'));
  const target = join(dist, 'commonjs');
  for (const file of files) await cp(file, join(target, relative(dist, file)));
  await writeFile(join(target, 'package.json'), '{ "type": "commonjs" }\n');
  await addRequiredEntries(target);
}

/**
 * What `require()` of an entry loads: the same ES modules, or a message for what cannot load them, which is Jest as it starts
 * by default.
 */
async function addRequiredEntries(target) {
  const text = await readFile(join(root, 'scripts/build/require-entry.cjs'), 'utf8');
  for (const file of await readdir(join(target, 'public'))) {
    const entry = file.replace(/\.d\.ts$/, '.js');
    await writeFile(join(target, 'public', entry), text.replaceAll('ENTRY', `../../public/${entry}`));
  }
}

/** Replaces a folder by a finished one. A failed build leaves the old one as it was. */
async function replace(target, finished) {
  const old = join(stage, `old-${Date.now()}`);
  await mkdir(dirname(target), { recursive: true });
  if (existsSync(target)) await move(target, old);
  await move(finished, target);
}

async function move(from, to) {
  try {
    await rename(from, to);
  } catch (error) {
    // node_modules may be on a volume of its own.
    if (error.code !== 'EXDEV') throw error;
    await cp(from, to, { recursive: true });
    await rm(from, { recursive: true, force: true });
  }
}

await mkdir(cache, { recursive: true });
try {
  await withLock(join(cache, 'build.lock'), build);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
