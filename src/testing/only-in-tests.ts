import { ConfigurationError } from '../core/errors.js';

/** What test runners set in the processes that run tests; Jest and Vitest also set NODE_ENV. */
const RUNNERS = ['JEST_WORKER_ID', 'VITEST', 'NODE_TEST_CONTEXT'];

/**
 * Refuses a function that lets callers be whom they like, unless tests are run: a deployment without NODE_ENV is more
 * frequent than a test without it, so a sign is asked for, and `production` is refused whatever else says.
 *
 * @param what the function, for the message
 * @throws ConfigurationError
 */
export function requireTests(what: string): void {
  const { env, execArgv } = process;
  if (isProduction()) throw new ConfigurationError(`${what} is for tests, and NODE_ENV is production.`);
  if (env.NODE_ENV === 'test' || execArgv.includes('--test') || RUNNERS.some((name) => env[name] !== undefined)) return;
  throw new ConfigurationError(
    `${what} is for tests: set NODE_ENV=test, as Jest and Vitest do by themselves; in node --test nothing is needed.`,
  );
}

/** Whether this process says that it is one of production. */
export function isProduction(): boolean {
  return process.env.NODE_ENV === 'production';
}
