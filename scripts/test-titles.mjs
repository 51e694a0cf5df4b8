// The titles of all tests, with the rows of their tables, read by evaluating the test files without running a test: the
// bodies of `describe` run, and `test` only notes its title. No server is needed for it, and it takes some seconds.
import { readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

// Jest's own formatting of the rows; a dependency of jest that is found from there.
const requireFromJest = createRequire(createRequire(import.meta.url).resolve('jest-circus/package.json'));
const { bind } = requireFromJest('jest-each');

/**
 * @typedef {object} Block a `describe`
 * @property {string} title
 * @property {string} template the title as it is written, before a row was filled in
 *
 * @typedef {object} TestTitle
 * @property {string} file from the root of the repository
 * @property {readonly Block[]} blocks from the outside
 * @property {string} title
 */

/**
 * @param {string} root of the repository
 * @returns {Promise<TestTitle[]>} in the order of the files and, within them, of the tests
 */
export async function readTestTitles(root) {
  // What a test file asks of its environment when it is loaded is always answered in the same way.
  for (const name of Object.keys(process.env)) if (name.startsWith('TEST_')) delete process.env[name];
  // Within the repository, for the packages that they import.
  const folder = join(root, 'node_modules/.cache/test-titles', String(process.pid));
  const files = (await testFiles(join(root, 'test'))).sort();
  const collector = new Collector();
  globalThis[Symbol.for('test-titles')] = collector.globals();
  // oidc-provider says on which versions of Node it was not tested.
  const { warn } = console;
  console.warn = () => {};
  try {
    await bundle(root, files, folder);
    for (const [index, file] of files.entries()) {
      collector.open(relative(root, file));
      await import(pathToFileURL(join(folder, `${index}.js`)).href);
    }
    return collector.titles;
  } finally {
    console.warn = warn;
    delete globalThis[Symbol.for('test-titles')];
    await rm(folder, { recursive: true, force: true });
  }
}

async function testFiles(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((one) => one.name.endsWith('.test.ts'))
    .map((one) => join(one.parentPath ?? one.path, one.name));
}

async function bundle(root, files, folder) {
  await build({
    entryPoints: files.map((file, index) => ({ in: file, out: String(index) })),
    outdir: folder,
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    plugins: [
      { name: 'collector', setup: useCollector },
      { name: 'place', setup: keepPlace },
    ],
  });
}

/** Gives the test files the collector in place of Jest. */
function useCollector(builder) {
  builder.onResolve({ filter: /^@jest\/globals$/ }, () => ({ path: 'jest-globals', namespace: 'collector' }));
  builder.onLoad({ filter: /.*/, namespace: 'collector' }, () => ({
    contents: `const globals = globalThis[Symbol.for('test-titles')];
      export const { describe, test, it, expect, jest, beforeAll, beforeEach, afterAll, afterEach } = globals;`,
  }));
}

/** Bundled, a module of the tests would be elsewhere than the files that it names beside it. */
function keepPlace(builder) {
  builder.onLoad({ filter: /\/test\/.*\.ts$/ }, async ({ path }) => {
    const text = await readFile(path, 'utf8');
    const url = JSON.stringify(pathToFileURL(path).href);
    return { contents: text.replaceAll('import.meta.url', url), loader: 'ts' };
  });
}

class Collector {
  titles = [];
  #file = '';
  #blocks = [];

  open(file) {
    this.#file = file;
  }

  /** What `@jest/globals` exports. */
  globals() {
    const describe = this.#describe();
    const test = this.#test();
    const nothing = () => {};
    return {
      describe,
      test,
      it: test,
      expect: anything(),
      jest: anything(),
      beforeAll: nothing,
      beforeEach: nothing,
      afterAll: nothing,
      afterEach: nothing,
    };
  }

  #describe() {
    const add = (title, body, template = title) => {
      this.#blocks.push({ title: String(title), template: String(template) });
      body();
      this.#blocks.pop();
    };
    const describe = (title, body) => add(title, body);
    describe.each = tables(add);
    return Object.assign(describe, { only: describe, skip: describe });
  }

  #test() {
    const add = (title) => void this.titles.push({ file: this.#file, blocks: [...this.#blocks], title });
    const test = (title) => add(title);
    test.each = tables(add);
    return Object.assign(test, { only: test, skip: test, todo: test, failing: test, concurrent: test });
  }
}

/** `each` as Jest has it; `add` gets the title as it is written last. */
function tables(add) {
  return (...table) =>
    (template, body) =>
      bind((title, bodyOfRow) => add(title, bodyOfRow, template), false)(...table)(template, body);
}

/** Stands for what is called, read or compared while a test file is loaded. */
function anything() {
  const value = new Proxy(function stand() {}, {
    get: (_, name) => (name === Symbol.toPrimitive ? () => '' : value),
    apply: () => value,
    construct: () => value,
  });
  return value;
}
