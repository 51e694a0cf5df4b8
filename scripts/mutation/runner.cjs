// The runner of Jest under Stryker. Stryker names the tests that cover a mutant, and Jest would still load every test file
// to find them by name: this one remembers which file holds which tests, loads only those files, and ends with the first that
// fails. Those come first that are quick and have failed with most of the mutants before this one, which are its neighbours.
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join, posix } = require('node:path');
const { default: TestRunner } = require('jest-runner');

/**
 * How many files of tests a mutant meets at most besides unit tests, every time: first those that are about a file that is
 * mutated, then those with the most tests that reach it.
 */
const MOST_FILES = Number(process.env.MUTATION_FILES || Number.POSITIVE_INFINITY);

/** What is mutated, as paths in `src` without the extension. */
const MUTATED = JSON.parse(process.env.MUTATION_SOURCES || '[]');

const UNIT = /[/\\]test[/\\]unit[/\\]/;

/** How many of the last runs of test files tell which ones notice most. */
const LAST_RUNS = 300;

const isMutantRun = () => process.env.__STRYKER_ACTIVE_MUTANT__ !== undefined;

class MutationTestRunner extends TestRunner {
  async runTests(tests, watcher, options) {
    const memory = join(this._globalConfig.rootDir, 'tests-by-file.json');
    if (isMutantRun() && existsSync(memory)) await this.runNamed(tests, watcher, options, readMemory(memory));
    else await this.runAndRemember(tests, watcher, options, memory);
  }

  /** The first run, without a mutant. */
  async runAndRemember(tests, watcher, options, memory) {
    const files = {};
    const forget = this.on('test-file-success', ([{ path }, { testResults, perfStats }]) => {
      files[path] = { milliseconds: perfStats.runtime, names: testResults.map(({ fullName }) => fullName) };
    });
    await super.runTests(tests, watcher, options);
    forget();
    writeFileSync(memory, JSON.stringify(files));
  }

  async runNamed(tests, watcher, options, files) {
    const { testNamePattern } = this._globalConfig;
    const named = testNamePattern ? new RegExp(testNamePattern, 'i') : /^/;
    const runs = join(this._globalConfig.rootDir, 'runs-of-test-files.txt');
    const costOf = costsAfter(runs, files);
    const reachingOf = ({ path }) => files[path]?.names.filter((name) => named.test(name)).length ?? 1;
    const reaching = tests
      .map((test) => ({ test, path: test.path, isUnit: UNIT.test(test.path), count: reachingOf(test) }))
      .filter(({ count }) => count > 0)
      .sort(
        (one, other) =>
          Number(isAboutMutated(other.path)) - Number(isAboutMutated(one.path)) ||
          other.count - one.count ||
          (one.path < other.path ? -1 : 1),
      );
    const others = reaching.filter(({ isUnit }) => !isUnit).slice(0, MOST_FILES);
    const chosen = [...reaching.filter(({ isUnit }) => isUnit), ...others].sort(
      (one, other) => costOf(one.path) - costOf(other.path),
    );
    let failed = false;
    const forget = [
      this.on('test-file-success', ([, { numFailingTests, testExecError }]) => {
        failed ||= numFailingTests > 0 || testExecError !== undefined;
      }),
      this.on('test-file-failure', () => {
        failed = true;
      }),
    ];
    const config = this._globalConfig;
    for (const { test, isUnit } of chosen) {
      // What a file does outside of its tests, above all to serve controllers, is said to be reached by none of them.
      this._globalConfig = isUnit ? { ...config, testNamePattern: '' } : config;
      await super.runTests([test], watcher, options);
      appendFileSync(runs, `${failed ? 'failed' : 'passed'} ${test.path}\n`);
      if (failed) break;
    }
    this._globalConfig = config;
    for (const end of forget) end();
  }
}

/** Whether a file of tests has the name of a mutated one, or lies in the folder of one below that of its area. */
function isAboutMutated(path) {
  const [, about] = /[/\\]test[/\\][^/\\]+[/\\](.+)\.test\.ts$/.exec(path) ?? [];
  if (about === undefined) return false;
  const tested = about.replaceAll('\\', '/');
  return MUTATED.some((one) => {
    const folder = posix.dirname(one);
    return one === tested || (folder.includes('/') && folder === posix.dirname(tested));
  });
}

/** A function from a test file to the milliseconds that it is likely to take for each mutant that it notices. */
function costsAfter(runs, files) {
  const counts = new Map();
  const lines = existsSync(runs) ? readFileSync(runs, 'utf8').split('\n').slice(-LAST_RUNS) : [];
  for (const line of lines) {
    const path = line.slice(line.indexOf(' ') + 1);
    const { failed = 0, all = 0 } = counts.get(path) ?? {};
    counts.set(path, { failed: failed + (line.startsWith('failed') ? 1 : 0), all: all + 1 });
  }
  return (path) => {
    const { failed = 0, all = 0 } = counts.get(path) ?? {};
    return ((files[path]?.milliseconds ?? 0) * (all + 2)) / (failed + 1);
  };
}

let memoryRead;
function readMemory(path) {
  memoryRead ??= JSON.parse(readFileSync(path, 'utf8'));
  return memoryRead;
}

module.exports = MutationTestRunner;
