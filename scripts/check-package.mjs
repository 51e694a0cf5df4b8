// Checks the package as its users get it: packs it, lints the tarball, installs it into an empty ESM project and an
// empty CommonJS project, and in each compiles, starts and asks one guarded controller.
//
//   node scripts/check-package.mjs [--keep]     --keep leaves the temporary folder where it is
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { checkCompilers } from './package-check/compilers.mjs';
import {
  askConsumer,
  checkDeclarations,
  compileConsumer,
  entryNames,
  importEveryEntry,
  installConsumers,
  requirePeerOfJwtTokens,
  requirePeerOfOneEntry,
  runCommandLine,
} from './package-check/consumers.mjs';
import {
  askApplication,
  stopApplication,
  testApplication,
  writeApplication,
} from './package-check/first-application.mjs';
import { checkLinks } from './package-check/links.mjs';
import { root, run, tool } from './run.mjs';

const folder = await mkdtemp(join(tmpdir(), 'oauth2-check-package-'));
const started = performance.now();

async function step(name, work) {
  const from = performance.now();
  const result = await work();
  console.log(`ok  ${name} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
  return result;
}

try {
  await step('build', () => run(process.execPath, [join(root, 'scripts/build.mjs')]));
  const tarball = await step('npm pack', async () => {
    const report = JSON.parse(await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]));
    // npm 11 and older print a list, newer ones an object by package name.
    const [packed] = Array.isArray(report) ? report : Object.values(report);
    const paths = packed.files.map(({ path }) => path);
    requireFiles(paths);
    await checkLinks(paths);
    return join(folder, packed.filename);
  });

  await step('publint', () => lint(tarball));

  // The package is ESM only. From Node 20.19 on, which is the oldest that it runs on, require() loads ESM, and
  // TypeScript's "nodenext" knows that: so the rule that reports "CommonJS resolves to ESM" reports what is meant to
  // be, and the CommonJS project below proves it at run time. Profile "node16" leaves out "node10", the resolution
  // before there was "exports", which no supported Node uses. All other rules stay on for ESM and CommonJS alike.
  await step('attw', () =>
    run(tool('attw'), [
      tarball,
      '--profile',
      'node16',
      '--ignore-rules',
      'cjs-resolves-to-esm',
      'false-cjs',
      '--no-definitely-typed',
    ]),
  );

  const projects = await step('install the tarball with its peers', () => installConsumers(folder, tarball));
  for (const project of projects) {
    await step(`${project.name}: every entry of "exports" loads`, () => importEveryEntry(project));
    await step(`${project.name}: only ./authorization-server needs oidc-provider`, () =>
      requirePeerOfOneEntry(project),
    );
    await step(`${project.name}: only jwtTokens needs jose`, () => requirePeerOfJwtTokens(project));
    await step(`${project.name}: declarations`, () => checkDeclarations(project));
    await step(`${project.name}: compile`, () => compileConsumer(project));
    await step(`${project.name}: start and ask`, () => askConsumer(project));
  }
  await step('every module setting of TypeScript 5.9 and 7, without optional peers', () =>
    checkCompilers(join(folder, 'bare'), tarball, entryNames()),
  );
  const application = await step('rc-oauth2 init, npm install', () => writeApplication(folder, tarball));
  await step('the first application: npm test', () => testApplication(application));
  await step('the first application: npm start, its requests, Ctrl-C', () => askApplication(application));
  await step('the first application: SIGTERM', () => stopApplication(application));
  await step('rc-oauth2 --help', () => runCommandLine(folder));
  console.log(`The package is good (${((performance.now() - started) / 1000).toFixed(1)} s).`);
} catch (error) {
  console.error(`not ok\n${error.message}`);
  process.exitCode = 1;
} finally {
  if (process.argv.includes('--keep')) console.log(`Kept: ${folder}`);
  else await rm(folder, { recursive: true, force: true });
}

/**
 * Declarations that say CommonJS stand beside ES modules on purpose (see `copyDeclarations` in build.mjs): there is no
 * default export that could be ambiguous.
 */
async function lint(tarball) {
  const { messages } = await publint({ pack: { tarball: (await readFile(tarball)).buffer }, strict: true });
  const found = messages.filter(({ path }) => !path.includes('require'));
  if (found.length > 0) throw new Error(found.map((message) => JSON.stringify(message)).join('\n'));
}

/** Checks that the tarball contains the expected files, and no tests, examples or tools. */
function requireFiles(paths) {
  for (const path of [
    'package.json',
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'LICENSE',
    'dist/public/index.js',
    'dist/public/index.d.ts',
    'dist/cli/main.js',
    'dist/templates/application/gitignore',
    'dist/templates/application/src/main.ts',
  ]) {
    if (!paths.includes(path)) throw new Error(`The tarball lacks ${path}.`);
  }
  const strange = paths.filter(
    (path) =>
      !/^(package\.json|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|LICENSE|docs\/.+\.(md|svg|png)|docs\/operations\/.+\.json|dist\/.+\.(js|d\.ts)|dist\/templates\/application\/.+|dist\/commonjs\/package\.json)$/.test(
        path,
      ),
  );
  if (strange.length > 0) throw new Error(`The tarball holds files that do not belong there: ${strange.join(', ')}.`);
}
