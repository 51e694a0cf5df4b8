// Makes what the example needs to run, beside the package, dependencies of the package.json in the working folder, and
// forgets all others that only development needs. For the image: "npm prune" then leaves exactly that, in the versions of
// package-lock.json.
import { readFile, writeFile } from 'node:fs/promises';

/**
 * What the bookstore imports, and what those packages load by name: drivers, and the Koa parts of routing-controllers.
 */
const NEEDED = [
  '@koa/router',
  'better-sqlite3',
  'class-transformer',
  'class-validator',
  'ioredis',
  'knex',
  'koa',
  'koa-session',
  'mysql2',
  'objection',
  'oidc-provider',
  'pg',
  'prom-client',
  'reflect-metadata',
  'routing-controllers',
  'typedi',
];

const manifest = JSON.parse(await readFile('package.json', 'utf8'));
for (const name of NEEDED) {
  const version = manifest.devDependencies[name];
  if (version === undefined) throw new Error(`package.json has no development dependency ${name}.`);
  manifest.dependencies[name] = version;
}
delete manifest.devDependencies;
delete manifest.peerDependencies;
delete manifest.peerDependenciesMeta;
// It is already built, and its build tools are about to be removed.
delete manifest.scripts;
await writeFile('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
