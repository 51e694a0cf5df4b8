import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root, run } from '../run.mjs';

/** The settings that users have. TypeScript 7 knows `node10` no more; Node's own way to look for modules replaced it. */
const SETTINGS = [
  { name: 'node10', module: 'commonjs', moduleResolution: 'node10', compilers: ['5.9'] },
  { name: 'node16', module: 'node16', moduleResolution: 'node16', compilers: ['5.9', '7'] },
  { name: 'nodenext', module: 'nodenext', moduleResolution: 'nodenext', compilers: ['5.9', '7'] },
  { name: 'bundler', module: 'esnext', moduleResolution: 'bundler', compilers: ['5.9', '7'] },
];

const PEERS = ['koa', 'knex', 'objection', 'reflect-metadata', 'routing-controllers', 'class-transformer'];
const TYPES = ['class-validator', '@types/node', '@types/koa'];
/** Each of these entries is about one optional peer, whose types it takes; with it, `declarations` compiles them. */
const ABOUT_A_PEER = /\/(prometheus|opentelemetry)$/;
const COMPILERS = { 5.9: 'typescript-5.9', 7: 'typescript' };

/**
 * Compiles every entry that needs no peer of its own, and the first example of README, as users do who read all declarations (`skipLibCheck: false`)
 * and have none of the optional peers.
 */
export async function checkCompilers(folder, tarball, entries) {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')).packages;
  const versionOf = (name) => lock[`node_modules/${name}`].version;
  await mkdir(folder);
  await writeJson(join(folder, 'package.json'), { name: 'bare', private: true });
  const packages = [...PEERS, ...TYPES].map((name) => `${name}@${versionOf(name)}`);
  const compilers = Object.values(COMPILERS).map((name) => `${name}@npm:typescript@${versionOf(name)}`);
  const quiet = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...quiet, '--omit=optional', tarball, ...packages, ...compilers], { cwd: folder });
  const example = await exampleOfReadme();
  const failures = [];
  for (const type of ['module', 'commonjs']) {
    const project = join(folder, type);
    await mkdir(project);
    await writeJson(join(project, 'package.json'), { name: `bare-${type}`, private: true, type });
    const alone = entries.filter((entry) => !ABOUT_A_PEER.test(entry));
    await writeFile(join(project, 'entries.ts'), everyEntry(alone));
    // Only a module may await at its top.
    await writeFile(join(project, 'example.ts'), type === 'module' ? example : inFunction(example));
    for (const { name, compilers: versions, ...settings } of SETTINGS) {
      if (type === 'module' && settings.module === 'commonjs') continue;
      for (const version of versions) {
        const said = await compile(folder, project, version, settings);
        if (said !== '') failures.push(`TypeScript ${version}, ${name}, ${type}:\n${said}`);
      }
    }
  }
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

async function compile(folder, project, version, settings) {
  const compilerOptions = {
    ...settings,
    target: 'es2022',
    strict: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    esModuleInterop: true,
    skipLibCheck: false,
    types: ['node'],
    noEmit: true,
  };
  await writeJson(join(project, 'tsconfig.json'), { compilerOptions, files: ['entries.ts', 'example.ts'] });
  const compiler = join(folder, 'node_modules', COMPILERS[version], 'bin/tsc');
  return run(process.execPath, [compiler, '-p', '.'], { cwd: project }).then(
    () => '',
    ({ message }) => message,
  );
}

function everyEntry(entries) {
  const imports = entries.map((name, index) => `import * as entry${index} from '${name}';`);
  return `${imports.join('\n')}\nexport const entries = [${entries.map((_, index) => `entry${index}`).join(', ')}];\n`;
}

/** The first example, with the user that it leaves to the reader. */
async function exampleOfReadme() {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, example] = /```ts\n(.*?)```/s.exec(readme);
  return `${example}
class User {
  readonly name!: string;
  readonly active!: boolean;
  static query(): { findById(id: string): Promise<User | undefined> } {
    throw new Error('compiled only');
  }
}
export {};
`;
}

function inFunction(example) {
  const start = example.indexOf('const oauth2');
  const end = example.indexOf('class User {');
  return `${example.slice(0, start)}export async function main() {\n${example.slice(start, end)}}\n${example.slice(end)}`;
}

async function writeJson(file, value) {
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}
