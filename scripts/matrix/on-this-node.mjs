// Run by each version of Node of the matrix, with a folder that has the package installed in it: the entries by import and
// by require, a guarded application with an authorization server, the command line, and what `rc-oauth2 init` writes.
import { join } from 'node:path';
import { argv, version } from 'node:process';
import { askConsumer, importEveryEntry, runCommandLine } from '../package-check/consumers.mjs';
import { askApplication, stopApplication, testApplication } from '../package-check/first-application.mjs';

const [, , folder, expected] = argv;
if (version !== expected) throw new Error(`This is Node ${version}, not ${expected}.`);

for (const [name, type] of [
  ['ESM', 'module'],
  ['CommonJS', 'commonjs'],
]) {
  const project = { name, type, folder: join(folder, type) };
  await step(`${name}: every entry of "exports" loads`, () => importEveryEntry(project));
  await step(`${name}: start and ask`, () => askConsumer(project));
}
const application = join(folder, 'first-application');
await step('rc-oauth2 --help', () => runCommandLine(folder));
await step('the first application: npm test', () => testApplication(application));
await step('the first application: npm start, its requests, rc-oauth2 tokens revoke, Ctrl-C', () =>
  askApplication(application),
);
await step('the first application: SIGTERM', () => stopApplication(application));

async function step(name, work) {
  const from = performance.now();
  await work();
  console.log(`ok  ${version}: ${name} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
}
