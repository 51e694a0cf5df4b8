// Runs the package on every major version of Node that it supports, the oldest one included: as its users install it, and
// some of its test suites, on SQLite and memory and on MariaDB and Redis. Nothing of the checkout is changed.
//
//   npm run matrix -- [--keep] [24 …]     --keep leaves the temporary folder where it is; majors: those alone
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeModuleFor, placeNativeModule } from './matrix/native-module.mjs';
import { environmentOf, installRuntimes } from './matrix/runtimes.mjs';
import { compileConsumer, installConsumers } from './package-check/consumers.mjs';
import { writeApplication } from './package-check/first-application.mjs';
import { root, run } from './run.mjs';

/** Guards, the authorization server and the command line, on SQLite and memory and on MariaDB and Redis. */
const SUITES = [
  'test/spec/readme',
  'test/spec/rfc6750/client-credentials.test.ts',
  'test/spec/rfc7636/pkce.test.ts',
  'test/spec/rfc8414/metadata.test.ts',
  'test/integration/cli/redis.test.ts',
  // They depend on how Node sends a response, and on what it keeps for a connection.
  'test/integration/routing-controllers/fast/send-text.test.ts',
  'test/integration/routing-controllers/fast/lean-application.test.ts',
  'test/integration/routing-controllers/fast/run-action.test.ts',
];

/** What the suites need beside `node_modules`. */
const CHECKOUT = ['dist', 'examples', 'src', 'test', 'templates', 'jest.config.ts', 'package.json', 'tsconfig.json'];

const folder = await mkdtemp(join(tmpdir(), 'oauth2-matrix-'));
const started = performance.now();
const seconds = (from) => ((performance.now() - from) / 1000).toFixed(1);

async function step(name, work) {
  const from = performance.now();
  const result = await work();
  console.log(`ok  ${name} (${seconds(from)} s)`);
  return result;
}

try {
  const installed = await step('npm ci of the versions of Node', () => installRuntimes(join(folder, 'node')));
  const runtimes = installed.filter(({ version }) => isWanted(version));
  const [modules, consumers, checkout] = await settled([
    step('better-sqlite3 for each version', () =>
      settled(runtimes.map((runtime) => nativeModuleFor(runtime, join(folder, 'native')))),
    ),
    step('the package and the first application, installed', install),
    step('a copy of the checkout', copyCheckout),
  ]);
  for (const [index, runtime] of runtimes.entries()) {
    const places = [checkout, consumers, join(consumers, 'first-application')];
    for (const place of places) await placeNativeModule(modules[index], place);
    await follow(runtime, ['scripts/matrix/on-this-node.mjs', consumers, runtime.version], root);
    await step(`${runtime.version}: ${SUITES.length} suites of tests`, () => runTwiceIfNeeded(runtime, checkout));
  }
  const versions = runtimes.map(({ version }) => version).join(', ');
  console.log(`The package works on Node ${versions} (${seconds(started)} s).`);
} catch (error) {
  console.error(`not ok\n${error.message}`);
  process.exitCode = 1;
} finally {
  if (process.argv.includes('--keep')) console.log(`Kept: ${folder}`);
  else await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Whether the command line names this major version, or none. */
function isWanted(version) {
  const majors = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument));
  return majors.length === 0 || majors.includes(version.slice(1).split('.', 1)[0]);
}

/** The tarball beside its peers, as check-package.mjs installs it, and the application of `rc-oauth2 init`. */
async function install() {
  const consumers = join(folder, 'consumers');
  await mkdir(consumers);
  const packing = ['pack', '--json', '--ignore-scripts', '--pack-destination', consumers];
  const report = JSON.parse(await run('npm', packing));
  const [packed] = Array.isArray(report) ? report : Object.values(report);
  const tarball = join(consumers, packed.filename);
  const projects = await installConsumers(consumers, tarball);
  for (const project of projects) await compileConsumer(project);
  await writeApplication(consumers, tarball);
  return consumers;
}

/** With hard links, where the file system lets them: nothing is written into these files. */
async function copyCheckout() {
  const copy = join(folder, 'checkout');
  await mkdir(copy);
  const parts = CHECKOUT.map((part) => join(root, part));
  await run('cp', ['-a', ...parts, copy]);
  const modules = join(root, 'node_modules');
  await run('cp', ['-al', modules, copy]).catch(async () => {
    await rm(join(copy, 'node_modules'), { recursive: true, force: true });
    await run('cp', ['-a', modules, copy]);
  });
  await rm(join(copy, 'node_modules/.cache'), { recursive: true, force: true });
  for (const part of ['docs', 'README.md']) await symlink(join(root, part), join(copy, part));
  return copy;
}

/** On a busy machine a test can fail for want of time; a fault of the code fails it again. */
async function runTwiceIfNeeded(runtime, checkout) {
  try {
    await runSuites(runtime, checkout);
  } catch (error) {
    console.log(`    failed, and is run once more: ${error.message.slice(-4000)}`);
    await runSuites(runtime, checkout);
  }
}

async function runSuites(runtime, checkout) {
  const output = await run(
    'npm',
    ['run', '--silent', 'jest', '--', '--json', '--silent', '--testTimeout=120000', ...SUITES],
    {
      cwd: checkout,
      env: { ...environmentOf(runtime), TESTS: 'short', CI: 'true' },
    },
  );
  const { numPassedTests, numFailedTests, success } = JSON.parse(output.slice(output.indexOf('{"num')));
  if (!success || numPassedTests === 0) throw new Error(`${numFailedTests} tests failed on Node ${runtime.version}.`);
  console.log(`    ${numPassedTests} tests passed`);
}

/** Runs a program of this repository by that version, and shows what it prints. */
async function follow(runtime, parameters, cwd) {
  const options = { cwd, env: environmentOf(runtime), stdio: ['ignore', 'inherit', 'inherit'] };
  const [code, signal] = await once(spawn(runtime.executable, parameters, options), 'exit');
  if (code !== 0) throw new Error(`${parameters[0]} ended with ${signal ?? code} on Node ${runtime.version}.`);
}

/** Waits for all before it gives the first failure, so that nothing goes on behind the clean-up. */
async function settled(promises) {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
