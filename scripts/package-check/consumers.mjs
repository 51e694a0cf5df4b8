import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { root, run } from '../run.mjs';

const templates = dirname(fileURLToPath(import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** The optional peer of the authorization server. */
const ENGINE = 'oidc-provider';
/**
 * What an application brings beside the package: the peers that are not optional, SQLite to run without a server, and
 * what the authorization server needs.
 */
const PEERS = ['koa', 'knex', 'objection', 'reflect-metadata', 'routing-controllers', 'better-sqlite3', ENGINE];
const PEERS_OF_PEERS = ['class-transformer', 'class-validator'];
const FOR_COMPILING = ['typescript', '@types/node', '@types/koa'];

/**
 * Installs the tarball beside its peers into one folder and puts two projects into it, so that both use one
 * installation: each has a package.json with a "type" of its own, and Node finds the packages one folder up.
 */
export async function installConsumers(folder, tarball) {
  const packages = [];
  for (const name of [...PEERS, ...PEERS_OF_PEERS, ...FOR_COMPILING])
    packages.push(`${name}@${await installedVersion(name)}`);
  await writeJson(join(folder, 'package.json'), { name: 'consumers', private: true });
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  // The only package with an install script is better-sqlite3, which compiles for a minute.
  await run('npm', ['install', '--prefer-offline', '--ignore-scripts', ...quiet, tarball, ...packages], {
    cwd: folder,
  });
  await provideSqlite(folder);
  return [await createProject(folder, 'ESM', 'module'), await createProject(folder, 'CommonJS', 'commonjs')];
}

async function installedVersion(name) {
  return JSON.parse(await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** The same version was compiled for this Node when the repository was installed: that build is taken. */
export async function provideSqlite(folder) {
  const build = 'node_modules/better-sqlite3/build/Release/better_sqlite3.node';
  await mkdir(dirname(join(folder, build)), { recursive: true });
  await cp(join(root, build), join(folder, build));
}

async function createProject(parent, name, type) {
  const folder = join(parent, type);
  await mkdir(folder);
  await writeJson(join(folder, 'package.json'), { name: `consumer-${type}`, private: true, type });
  for (const file of ['app.ts', 'tsconfig.json']) await cp(join(templates, file), join(folder, file));
  return { name, type, folder };
}

async function writeJson(file, value) {
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Loads every entry that "exports" names, the ESM project by import and the CommonJS project by require. */
export function importEveryEntry(project) {
  return load(project, entryNames());
}

/** Without oidc-provider, whoever does not issue tokens misses nothing, and whoever does is told what is missing. */
export async function requirePeerOfOneEntry(project) {
  const [there, away] = ['', '.away'].map((suffix) => join(dirname(project.folder), `node_modules/${ENGINE}${suffix}`));
  const issuing = `${manifest.name}/authorization-server`;
  await rename(there, away);
  try {
    await load(
      project,
      entryNames().filter((name) => name !== issuing),
    );
    const refusal = await load(project, [issuing]).catch(({ message }) => message);
    // The message for import is Node's own, which comes before any code of this package.
    const expected = project.type === 'commonjs' ? `'${ENGINE}': npm install ${ENGINE}.` : `'${ENGINE}'`;
    if (!refusal?.includes(expected)) throw new Error(`${issuing} without ${ENGINE} said: ${refusal}`);
  } finally {
    await rename(away, there);
  }
}

/** Without jose, whoever verifies no JWT misses nothing, and whoever does is told what is missing. */
export async function requirePeerOfJwtTokens({ folder }) {
  const [there, away] = ['', '.away'].map((suffix) => join(dirname(folder), `node_modules/jose${suffix}`));
  const code = `
    const { jwtTokens } = await import('${manifest.name}');
    try { jwtTokens({ issuer: 'https://issuer.example' }); } catch (error) { console.log(error.message); }`;
  const ask = () => run(process.execPath, ['--input-type=module', '--eval', code], { cwd: folder });
  if ((await ask()) !== '') throw new Error('jwtTokens is refused although jose is installed.');
  await rename(there, away);
  try {
    const refusal = await ask();
    if (!refusal.includes('npm install jose')) throw new Error(`jwtTokens without jose said: ${refusal}`);
  } finally {
    await rename(away, there);
  }
}

/** Loads modules as the project does; require() of a module with top-level await would fail here. */
async function load({ folder, type }, names) {
  const line = type === 'module' ? (name) => `await import('${name}');` : (name) => `require('${name}');`;
  const file = join(folder, 'entries.js');
  await writeFile(file, `${names.map(line).join('\n')}\n`);
  await run(process.execPath, [file], { cwd: folder });
}

/** What can be imported: "routing-controllers-oauth2", "routing-controllers-oauth2/storage", and so on. */
export function entryNames() {
  const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target === 'object');
  return entries.map(([entry]) => join(manifest.name, entry));
}

/** Compiles the project and makes sure that it became the kind of module that it should be. */
export async function compileConsumer({ folder, type }) {
  await run(process.execPath, [join(dirname(folder), 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: folder });
  const code = await readFile(join(folder, 'out/app.js'), 'utf8');
  const expected = type === 'module' ? `from '${manifest.name}'` : `require("${manifest.name}")`;
  if (!code.includes(expected)) throw new Error(`The compiled ${type} project does not contain ${expected}:\n${code}`);
}

/**
 * Checks the package's own declarations, which `skipLibCheck` leaves unread in most projects. Of optional peers that
 * are not installed they may miss the types, and of nothing else.
 */
export async function checkDeclarations({ folder }) {
  const imports = entryNames().map((name, index) => `import * as entry${index} from '${name}';`);
  const uses = `export const entries = [${imports.map((_, index) => `entry${index}`).join(', ')}];`;
  await writeFile(join(folder, 'declarations.ts'), `${[...imports, uses].join('\n')}\n`);
  const parameters = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--types', 'node', '--noEmit'];
  const compiler = join(dirname(folder), 'node_modules/typescript/bin/tsc');
  const errors = await run(process.execPath, [compiler, ...parameters, '--ignoreConfig', 'declarations.ts'], {
    cwd: folder,
  })
    .then(() => [])
    .catch(({ message }) => message.split('\n').filter((line) => line.includes('error TS')));
  const optional = Object.keys(manifest.peerDependenciesMeta ?? {});
  const ours = errors.filter(
    (line) =>
      !/^\S*node_modules\/(?!routing-controllers-oauth2\/)/.test(line) &&
      !optional.some((name) => line.includes(`TS2307: Cannot find module '${name}'`)),
  );
  if (ours.length > 0) throw new Error(`The declarations do not compile:\n${ours.join('\n')}`);
}

/** Starts the compiled project, asks it without and with a token, and ends it. */
export async function askConsumer({ folder }) {
  const app = spawn(process.execPath, ['out/app.js'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(app, 'exit');
  let errors = '';
  app.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  try {
    const { port, token, client } = await firstLine(app, ended, () => errors);
    const url = `http://127.0.0.1:${port}/greeting`;
    const refused = await fetch(url);
    expectEqual('status without a token', refused.status, 401);
    const [challenge] = (refused.headers.get('www-authenticate') ?? '').split(',');
    expectEqual('challenge without a token', challenge, 'Bearer realm="api"');
    const accepted = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    expectEqual('status with a token', accepted.status, 200);
    expectEqual('body with a token', await accepted.text(), '{"hello":"world"}');
    const issued = await fetch(`http://127.0.0.1:${port}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(client).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read' }),
    });
    expectEqual('status of the token endpoint', issued.status, 200);
    const { access_token } = await issued.json();
    const own = await fetch(url, { headers: { authorization: `Bearer ${access_token}` } });
    expectEqual('status with a token of the token endpoint', own.status, 200);
    app.kill('SIGTERM');
    expectEqual('exit code after SIGTERM', (await ended)[0], 0);
    // On Node 20 oidc-provider says that its author supports newer ones.
    expectEqual('standard error', errors.replace(/^oidc-provider WARNING: Unsupported runtime.*\n/, ''), '');
  } finally {
    app.kill('SIGKILL');
  }
}

/** The line of JSON that the application prints when it listens. */
async function firstLine(app, ended, errors) {
  const line = once(createInterface({ input: app.stdout }), 'line', { signal: AbortSignal.timeout(60_000) });
  const exit = ended.then(([code]) => {
    throw new Error(`The application ended with code ${code} before it listened:\n${errors()}`);
  });
  // The one that loses the race must not become an unhandled rejection later.
  exit.catch(() => {});
  line.catch(() => {});
  const [text] = await Promise.race([line, exit]);
  return JSON.parse(text);
}

function expectEqual(what, actual, expected) {
  if (actual !== expected)
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

/** The command is linked, executable and finds its parts. */
export async function runCommandLine(folder) {
  const help = await run(join(folder, 'node_modules/.bin/rc-oauth2'), ['--help'], { cwd: folder });
  if (!help.includes('Usage: rc-oauth2')) throw new Error(`rc-oauth2 --help printed:\n${help}`);
}
