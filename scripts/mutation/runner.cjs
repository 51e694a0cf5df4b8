// The runner of Jest under Stryker. Stryker names the tests that cover a mutant, and Jest would still load every test file
// to find them by name: this one remembers which file holds which tests, loads only those files, the quickest first, and
// ends with the first that fails.
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { default: TestRunner } = require('jest-runner');

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
    const millisecondsOf = ({ path }) => files[path]?.milliseconds ?? 0;
    const chosen = tests
      .filter(({ path }) => files[path]?.names.some((name) => named.test(name)) ?? true)
      .sort((one, other) => millisecondsOf(one) - millisecondsOf(other));
    let failed = false;
    const forget = [
      this.on('test-file-success', ([, { numFailingTests, testExecError }]) => {
        failed ||= numFailingTests > 0 || testExecError !== undefined;
      }),
      this.on('test-file-failure', () => {
        failed = true;
      }),
    ];
    for (const test of chosen) {
      await super.runTests([test], watcher, options);
      if (failed) break;
    }
    for (const end of forget) end();
  }
}

let memoryRead;
function readMemory(path) {
  memoryRead ??= JSON.parse(readFileSync(path, 'utf8'));
  return memoryRead;
}

module.exports = MutationTestRunner;
