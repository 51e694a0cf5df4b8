import { execFileSync } from 'node:child_process';
import { relative } from 'node:path';

/**
 * The test files of an area that import one of these sources, directly or not.
 *
 * @param patterns which test files there are to choose from
 */
export function relatedTests(sources, patterns) {
  const parameters = ['--listTests', ...patterns.map((pattern) => `--testMatch=<rootDir>/${pattern}`)];
  const jest = ['node_modules/jest/bin/jest.js', ...parameters, '--findRelatedTests', ...sources];
  const output = execFileSync(process.execPath, jest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return output
    .split('\n')
    .filter((line) => line.endsWith('.test.ts'))
    .map((file) => relative('.', file));
}
