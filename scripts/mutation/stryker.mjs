// Runs Stryker once, in the folder that it was started in: node scripts/mutation/stryker.mjs JOB, where JOB is
// { mutate, tests, inputs, incrementalFile, fresh, concurrency } as JSON. The results go to the file MUTATION_RESULTS.
import { Stryker } from '@stryker-mutator/core';
import { tsImport } from 'tsx/esm/api';

const { mutate, tests, inputs, incrementalFile, fresh, concurrency } = JSON.parse(process.argv[2]);
const { default: jestConfig } = await tsImport('../../jest.config.ts', import.meta.url);

await new Stryker({
  mutate,
  testRunner: 'jest',
  coverageAnalysis: 'perTest',
  // A mutant that acts while its module is loaded would need all tests.
  ignoreStatic: true,
  incremental: true,
  incrementalFile,
  force: fresh,
  concurrency,
  // Modules that Jest has loaded as ES modules stay in memory; more would come near to all that a process may have.
  maxTestRunnerReuse: 15,
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: {
    // Its parts are given below: Stryker cannot load a configuration in TypeScript here.
    configFile: 'package.json',
    enableFindRelatedTests: false,
    config: {
      ...jestConfig,
      // No services are started, and what each mutant needs is decided by the runner.
      globalSetup: undefined,
      globalTeardown: undefined,
      runner: '<rootDir>/scripts/mutation/runner.cjs',
      moduleNameMapper: {
        ...jestConfig.moduleNameMapper,
        ...(inputs !== undefined && { '^fast-check$': '<rootDir>/scripts/mutation/few-inputs.mjs' }),
      },
      testMatch: tests.map((pattern) => `<rootDir>/${pattern}`),
    },
  },
  plugins: ['@stryker-mutator/jest-runner', './scripts/mutation/reporter.mjs'],
  reporters: ['lines'],
  allowConsoleColors: false,
  logLevel: 'warn',
  tempDirName: '.data/mutation/sandbox',
  ignorePatterns: ['**', '!src/**', '!test/**', '!scripts/mutation/**', '!package.json'],
  // Stryker would rewrite tsconfig.json for its sandbox, where nothing reads it.
  tsconfigFile: 'none',
  timeoutMS: 10_000,
}).runMutationTest();
