/**
 * What is mutated, and the tests that may kill a mutant there: those that are about it, need no service and are quick. A test
 * is only run for the mutants that it covers; a survivor costs the time of all of those. A file belongs to the first area
 * whose folder it is in.
 *
 * `inputs`: how many inputs a property of fast-check gets at most, where more would take too long for each survivor.
 *
 * `needsRedis`: tests need one at TEST_REDIS_URL, or at its usual place; so mutants are made only where they are asked for,
 * and not of what a change touches.
 *
 * `mostFiles`: how many files of tests a mutant meets at most besides unit tests, first those that are about a mutated file,
 * then those with the most tests that reach it, where it is reached by so many that a survivor would take a minute.
 */
export const AREAS = [
  {
    folder: 'src/core',
    tests: [
      'test/unit/core/**/*.test.ts',
      'test/unit/verifiers/token-form.test.ts',
      'test/property/core/**/*.test.ts',
      'test/property/bad-input/{challenge,rates,structured-fields}.test.ts',
    ],
  },
  {
    folder: 'src/resource-server/permissions',
    tests: ['test/unit/{permissions,testing}/**/*.test.ts', 'test/spec/permissions/own-permissions.test.ts'],
  },
  {
    // Only a Redis tells whether a mutant of these is one.
    folder: 'src/throttling/engines/redis',
    needsRedis: true,
    tests: [
      'test/unit/throttling/engines/redis/**/*.test.ts',
      'test/integration/throttling/{engine-contract,leased-engine,ledger-model,redis-engine}.test.ts',
    ],
    inputs: 20,
  },
  {
    folder: 'src/throttling',
    tests: ['test/unit/throttling/**/*.test.ts', 'test/property/throttling/**/*.test.ts'],
    inputs: 40,
  },
  {
    folder: 'src/routing-controllers',
    mostFiles: 8,
    // Most of what is said here is said by answers to requests, on SQLite in memory.
    tests: [
      'test/unit/{permissions,routing-controllers}/**/*.test.ts',
      'test/integration/{openapi,routing-controllers}/**/*.test.ts',
      'test/spec/{permissions/own-permissions,routing-controllers/declarations}.test.ts',
      'test/spec/{rfc6750/error-body,rfc6750/token-in-body-and-query,rfc9470/step-up}.test.ts',
      'test/spec/fetch/**/*.test.ts',
    ],
  },
];

/** The area of a source file; `undefined` where it is in none. */
export function areaOf(file) {
  return AREAS.find(({ folder }) => file.startsWith(`${folder}/`));
}
