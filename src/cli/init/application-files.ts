import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the new application, and what it holds. */
export interface ApplicationFile {
  readonly path: string;
  readonly text: string;
}

interface Manifest {
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const PACKAGE = new URL('../../../', import.meta.url);
/** The build copies them there, from `templates/`. */
const TEMPLATES = new URL('dist/templates/application/', PACKAGE);

/** `npm pack` would read a file of this name as its own. */
const RENAMED: ReadonlyMap<string, string> = new Map([['gitignore', '.gitignore']]);

/** What the application needs to run: the peers that are not optional, those of routing-controllers, and SQLite. */
const DEPENDENCIES = [
  'better-sqlite3',
  'class-transformer',
  'class-validator',
  'knex',
  'koa',
  'objection',
  'reflect-metadata',
  'routing-controllers',
];
const DEV_DEPENDENCIES = ['@types/koa', '@types/node', 'typescript'];

/** The files of an application in a folder, whose name it has. */
export function applicationFiles(folder: string): ApplicationFile[] {
  const name = packageNameOf(folder);
  const templates = readdirSync(TEMPLATES, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const root = fileURLToPath(TEMPLATES);
  const files = templates.map((entry) => {
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(root.length);
    return { path: RENAMED.get(path) ?? path, text: readFileSync(file, 'utf8').replace('# NAME\n', `# ${name}\n`) };
  });
  return [{ path: 'package.json', text: manifestOf(name) }, ...files.sort((a, b) => (a.path < b.path ? -1 : 1))];
}

function packageNameOf(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '');
  return name === '' ? 'application' : name.slice(0, 100);
}

/** The versions are those that this package is tested with. */
function manifestOf(name: string): string {
  const { version, peerDependencies, devDependencies } = JSON.parse(
    readFileSync(new URL('package.json', PACKAGE), 'utf8'),
  ) as Manifest;
  const range = (dependency: string) => {
    const peer = peerDependencies[dependency];
    const tested = devDependencies[dependency] ?? peer ?? '*';
    if (peer?.startsWith('~')) return peer;
    return /^\d/.test(tested) ? `^${tested}` : tested;
  };
  const ranges = (names: readonly string[]) => Object.fromEntries(names.map((one) => [one, range(one)]));
  const manifest = {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: { node: '>=20.19' },
    scripts: {
      build: 'tsc',
      prestart: 'npm run --silent build',
      start: 'node dist/main.js',
      pretest: 'npm run --silent build',
      test: 'node --test dist/*.test.js',
    },
    'rc-oauth2': { config: './dist/options.js' },
    dependencies: { ...ranges(DEPENDENCIES), 'routing-controllers-oauth2': `^${version}` },
    devDependencies: ranges(DEV_DEPENDENCIES),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
