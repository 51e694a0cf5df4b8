/** @jest-config-loader esbuild-register */
import { availableParallelism, totalmem } from 'node:os';
import type { Config } from 'jest';

/** Schedules that are many, or that wait for processes which were killed or frozen; and whole browsers. */
const LONG = '**/test/{browser,chaos,property}/**/*.test.ts';

/** `npm test` leaves the long ones to `npm run test:long`; a jest of one's own runs what its arguments name. */
const TEST_MATCH: Record<string, string[]> = {
  all: ['**/*.test.ts'],
  fuzz: ['**/test/property/bad-input/**/*.test.ts'],
  long: [LONG],
  short: ['**/*.test.ts', `!${LONG}`],
};

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: TEST_MATCH[process.env.TESTS || 'all'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
      },
    ],
  },
  // Of what starts processes, on a machine that has several times as much to do as it can.
  testTimeout: 60_000,
  // One more than there are processors, because tests wait as well; each may need 2 GB.
  maxWorkers: Math.max(1, Math.min(availableParallelism() + 1, Math.floor(totalmem() / 2 ** 31))),
  // Modules of a test file are never collected by V8 once they ran as ES modules, so one process for all files runs out of
  // memory. A worker is replaced when it holds this much after a file.
  workerIdleMemoryLimit: '1.5GB',
};

export default config;
