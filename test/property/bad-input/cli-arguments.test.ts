import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { EXIT_CODES } from '../../../src/cli/exit-codes.js';
import { run } from '../../../src/cli/program.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { hostile, nearly } from '../../support/bad-input/texts.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** A third of the calls opens a database, which takes some milliseconds. */
const SHARE = 0.2;

const SECRET = randomBytes(24).toString('base64url');
const observed = new Observed();
const before = process.cwd();
let folder: string;
beforeAll(async () => {
  observed.start();
  // What a call might write, it writes here.
  folder = await mkdtemp(join(tmpdir(), 'oauth2-test-cli-'));
  process.chdir(folder);
});
afterAll(async () => {
  observed.stop();
  process.chdir(before);
  await rm(folder, { recursive: true, force: true });
});

const COMMANDS: readonly (readonly string[])[] = [
  ...[
    ['applications', 'create'],
    ['applications', 'list'],
    ['applications', 'delete'],
    ['applications', 'update'],
  ],
  ...[
    ['applications', 'rotate-secret'],
    ['applications', 'disable'],
    ['tokens', 'issue'],
    ['tokens', 'list'],
  ],
  ...[
    ['tokens', 'inspect'],
    ['tokens', 'revoke'],
    ['tokens', 'clear-expired'],
    ['keys', 'rotate'],
    ['keys', 'list'],
  ],
  ...[
    ['sessions', 'list'],
    ['sessions', 'end'],
    ['migrate'],
    ['rollback'],
    ['routes'],
    ['help'],
    ['import', 'django'],
    [],
  ],
];
const FLAGS = [
  ...[
    '--json',
    '--yes',
    '--help',
    '--version',
    '--database',
    '--redis',
    '--no-redis',
    '--key-prefix',
    '--resource',
    '--config',
  ],
  ...[
    '--name',
    '--client',
    '--user',
    '--scope',
    '--scopes',
    '--grants',
    '--redirect-uris',
    '--lifetime',
    '--batch-size',
  ],
  ...['--secret-hash', '--format', '--diff', '--before', '--limit', '--', '-', '-x', '--__proto__', '--constructor'],
];
const value = fc.oneof(
  nearly(
    fc.constantFrom('read write', '3600', 'shop', 'https://app.example/callback', 'client_credentials', '2026-01-01'),
  ),
  hostile,
);
const argument = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...FLAGS) },
  { weight: 2, arbitrary: value },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...FLAGS), value).map((parts) => parts.join('=')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      `--password=${SECRET}`,
      `mysql://root:${SECRET}@127.0.0.1:1/shop`,
      `redis://:${SECRET}@127.0.0.1:1`,
    ),
  },
);
const args = fc
  .tuple(fc.constantFrom(...COMMANDS), fc.array(argument, { maxLength: 6 }))
  .map(([command, more]) => [...command, ...more]);

test('no arguments make the command line crash, end with a code of its own, or print a secret', async () => {
  const codes: ReadonlySet<number> = new Set(Object.values(EXIT_CODES));
  const secrets = new Secrets([SECRET]);
  const seen = new Map<number, number>();
  await forInputsAsync(
    fc.asyncProperty(args, async (given) => {
      let said = '';
      const write = (text: string) => {
        said += text;
        return true;
      };
      const code = await run(given, {
        stdout: { write },
        stderr: { write } as unknown as NodeJS.WriteStream,
        env: { DATABASE_URL: 'sqlite::memory:' },
      });
      seen.set(code, (seen.get(code) ?? 0) + 1);
      if (!codes.has(code)) throw new Error(`It ended with ${code}: ${said}`);
      if (code !== EXIT_CODES.done && said === '') throw new Error('It says nothing.');
      if (/\bat .+:\d+:\d+\)?$|TypeError|RangeError|is not a function|undefined \(/m.test(said))
        throw new Error(`A crash: ${said}`);
      secrets.expectNone(said, 'the output');
    }),
    SHARE,
  );
  expect(observed.uncaught).toEqual([]);
  expect(seen.size).toBeGreaterThan(1);
});
