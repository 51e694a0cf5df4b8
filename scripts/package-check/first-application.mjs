// The application that `rc-oauth2 init` writes, as a stranger meets it: written by the packed command line, installed,
// tested, started, asked with the lines that it prints, and stopped.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../run.mjs';
import { provideSqlite } from './consumers.mjs';

const START_MILLISECONDS = 120_000;

/** Writes the application beside the installed package, and installs what it needs, with the tarball as the package. */
export async function writeApplication(folder, tarball) {
  const application = join(folder, 'first-application');
  const written = await run(join(folder, 'node_modules/.bin/rc-oauth2'), ['init', application], { cwd: folder });
  if (!written.includes('npm start')) throw new Error(`init does not say what comes next:\n${written}`);
  // The same as `npm install`, of a version that no registry has yet. See installConsumers about the scripts.
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', '--prefer-offline', '--ignore-scripts', ...quiet, tarball], { cwd: application });
  await provideSqlite(application);
  return application;
}

/** `npm test`, where all of its tests pass. */
export async function testApplication(application) {
  const output = await run('npm', ['test'], { cwd: application, env: plainEnvironment() });
  if (!/^# pass 3$/m.test(output) && !/^ℹ pass 3$/m.test(output)) throw new Error(`Not three tests passed:\n${output}`);
}

/** `npm start`, the requests that it proposes, the command line by the options of the application, and Ctrl-C. */
export async function askApplication(application) {
  const env = { ...plainEnvironment(), PORT: '0' };
  const app = spawn('npm', ['start'], { cwd: application, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const ended = once(app, 'exit');
  try {
    const lines = await proposedLines(app, ended);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(lines.join('\n'))?.[0];
    const token = /Bearer ([\w.-]+)/.exec(lines.join('\n'))?.[1];
    await expectStatus(fetch(`${url}/books`), 401);
    await expectStatus(fetch(`${url}/books/count`), 200);
    const headers = { authorization: `Bearer ${token}` };
    await expectStatus(fetch(`${url}/books`, { headers }), 200);
    const revoked = await run('npx', ['rc-oauth2', 'tokens', 'revoke', '--json', '--', token], {
      cwd: application,
      env,
    });
    if (revoked !== '{"revoked":true}\n') throw new Error(`tokens revoke printed ${revoked}`);
    // Without Redis a process notices within a second.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await expectStatus(fetch(`${url}/books`, { headers }), 401);
    // As a terminal does: to npm, its shell and the application.
    process.kill(-app.pid, 'SIGINT');
    await ended;
    const still = await fetch(url).catch(() => undefined);
    if (still !== undefined) throw new Error('The application runs on after Ctrl-C.');
  } finally {
    endGroup(app);
  }
}

/** `node dist/main.js`, as a service starts it, and SIGTERM. A shell that npm starts may keep the signal to itself. */
export async function stopApplication(application) {
  const env = { ...plainEnvironment(), PORT: '0', NODE_ENV: 'production' };
  const options = { cwd: application, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true };
  const app = spawn(process.execPath, ['dist/main.js'], options);
  const ended = once(app, 'exit');
  try {
    const [line] = await once(createInterface({ input: app.stdout }), 'line', {
      signal: AbortSignal.timeout(START_MILLISECONDS),
    });
    if (!/^Listening on http/.test(line)) throw new Error(`The application printed: ${line}`);
    app.kill('SIGTERM');
    const [code, signal] = await ended;
    if (code !== 0) throw new Error(`The application ended with ${signal ?? code} after SIGTERM.`);
  } finally {
    endGroup(app);
  }
}

function endGroup(app) {
  try {
    process.kill(-app.pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

/** What the application prints, up to the last proposal. */
async function proposedLines(app, ended) {
  const printed = [];
  const errors = [];
  app.stderr.on('data', (chunk) => errors.push(chunk));
  const complete = (async () => {
    for await (const line of createInterface({ input: app.stdout })) {
      printed.push(line);
      if (line.includes('-d ')) return printed;
    }
    await ended;
    throw new Error(`The application ended before it listened:\n${[...printed, ...errors].join('\n')}`);
  })();
  complete.catch(() => {});
  const timer = AbortSignal.timeout(START_MILLISECONDS);
  return Promise.race([complete, once(timer, 'abort').then(() => Promise.reject(new Error('It did not start.')))]);
}

async function expectStatus(response, status) {
  const { status: actual, url } = await response;
  if (actual !== status) throw new Error(`${url}: expected ${status}, got ${actual}`);
}

/** What a shell of a stranger has: nothing of the npm that runs this script. */
function plainEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_)|NODE_|DATABASE_URL$|REDIS_URL$|HOST$|PORT$)/.test(name),
  );
  return Object.fromEntries(kept);
}
