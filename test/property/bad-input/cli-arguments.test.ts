import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';
import { CliCommand } from '../../../src/cli/cli-command.js';
import { EXIT_CODES } from '../../../src/cli/exit-codes.js';
import { run } from '../../../src/cli/program.js';
import { addTopLevelCommands } from '../../../src/cli/top-level-commands.js';
import { createOAuth2 } from '../../../src/public/index.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { hostile, nearly } from '../../support/bad-input/texts.js';
import { DotTables } from '../../support/django/dot-tables.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Most calls open a database, which takes some milliseconds. */
const SHARE = 0.2;

const SECRET = randomBytes(24).toString('base64url');
const KEY = randomBytes(32).toString('base64url');
const observed = new Observed();
const workingDirectory = process.cwd();
let folder: string;
let token: string;
let django: DotTables;

/** A command that does something, and its flags. */
interface Leaf {
  readonly name: string;
  readonly flags: readonly string[];
}

/** All commands of the command line, from its own table: so a new one cannot be left out. */
async function leaves(): Promise<readonly Leaf[]> {
  const stream = { write: () => true } as unknown as NodeJS.WriteStream;
  const surroundings = { stdout: stream, stderr: stream, env: {} };
  const program = new CliCommand('rc-oauth2')
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} }) as CliCommand;
  addTopLevelCommands(program, surroundings);
  // What a command has is loaded when it is called. Its help ends with an error, which says that it is done.
  for (const { name } of program.commands.map((one) => ({ name: one.name() }))) {
    await program.parseAsync([name, '--help'], { from: 'user' }).catch(() => {});
  }
  const below = (command: CliCommand, path: readonly string[]): Leaf[] =>
    command.commands.length === 0
      ? [{ name: path.join(' '), flags: command.options.map(({ long, flags }) => long ?? flags) }]
      : command.commands.flatMap((one) => below(one as CliCommand, [...path, one.name()]));
  return below(program, []);
}

const LEAVES = await leaves();

/** Arguments with which each command does what it is there for. */
const GOOD: Readonly<Record<string, () => readonly string[]>> = {
  init: () => ['new'],
  migrate: () => [],
  'applications create': () => ['--name', 'Store', '--grants', 'client_credentials', '--scopes', 'read'],
  'applications list': () => ['--limit', '5'],
  'applications show': () => ['shop'],
  'applications update': () => ['shop', '--name', 'Store', '--scopes', 'read'],
  'applications rotate-secret': () => ['shop', '--overlap', '24h'],
  'applications disable': () => ['shop'],
  'applications enable': () => ['shop'],
  'applications delete': () => ['shop', '--yes'],
  'tokens issue': () => ['--client', 'shop', '--scope', 'read', '--lifetime', '3600'],
  'tokens list': () => ['--client', 'shop'],
  'tokens inspect': () => [token],
  'tokens revoke': () => [token],
  'tokens clear-expired': () => ['--batch-size', '100'],
  'sessions list': () => ['--user', 'alice'],
  'sessions end': () => ['--user', 'alice'],
  'keys list': () => [],
  'keys rotate': () => [],
  'keys reseal': () => [],
  'import django': () => ['--from', django.url],
  routes: () => ['./routes.mjs'],
};

const template = () => join(folder, 'template.sqlite');
const database = () => join(folder, 'oauth2.sqlite');

beforeAll(async () => {
  observed.start();
  folder = await mkdtemp(join(tmpdir(), 'oauth2-test-cli-'));
  const oauth2 = createOAuth2({ database: `sqlite:${template()}`, logger: observed.logger });
  await oauth2.migrate();
  await oauth2.applications.create({ clientId: 'shop', name: 'Shop', grantTypes: ['client_credentials'] });
  token = (await oauth2.tokens.issue({ application: 'shop', scope: 'read' })).access_token;
  await oauth2.close();
  django = await DotTables.create('sqlite');
  await django.application({ client_id: 'imported', name: 'Imported' });
  // What a call might write, it writes here, and so deep that no `../..` of an input leads out.
  const deep = join(folder, ...Array.from({ length: 60 }, () => 'd'));
  mkdirSync(deep, { recursive: true });
  process.chdir(deep);
  writeFileSync(
    'routes.mjs',
    'export const oauth2 = { describe: () => [], close: async () => {} };\nexport const controllers = [class Books {}];\n',
  );
});
afterAll(async () => {
  observed.stop();
  process.chdir(workingDirectory);
  await django.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the command line on a database that is as it was at first. */
async function called(given: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  for (const suffix of ['-wal', '-shm']) rmSync(database() + suffix, { force: true });
  copyFileSync(template(), database());
  rmSync('new', { recursive: true, force: true });
  let said = '';
  const write = (text: string) => {
    said += text;
    return true;
  };
  const code = await run(given, {
    stdout: { write },
    stderr: { write } as unknown as NodeJS.WriteStream,
    env: { DATABASE_URL: `sqlite:${database()}`, OAUTH2_ENCRYPTION_KEYS: KEY },
  });
  return { code, said };
}

/** A path from the root would lead out of the folder. */
const inside = (text: string) => text.replace(/^\/+/, './');

const value = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['read write', '3600', '90d', 'shop', 'alice', 'default', 'json', 'RS256', 'uuid', 'owner', 'private_key_jwt'],
      ...[
        'https://app.example/callback',
        'client_credentials',
        '2026-01-01',
        'Europe/Berlin',
        '{"a":1}',
        './routes.mjs',
      ],
      ...['auth_user.username', 'application=oauth2_provider_application', 'com.example.app', 'client_secret_basic'],
    ),
  },
  {
    weight: 2,
    arbitrary: nearly(
      fc.constantFrom(
        ...['read write', '3600', 'shop', 'https://app.example/callback', 'client_credentials', '2026-01-01'],
        ...['auth_user.username', 'application=oauth2_provider_application', 'Europe/Berlin', '{"a":1}'],
      ),
    ).map(inside),
  },
  { weight: 2, arbitrary: hostile.map(inside) },
);

/** Arguments after the name of a command: mostly options that it has. */
function argumentsOf({ flags }: Leaf): Arbitrary<readonly string[]> {
  const flag = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...flags) },
    { weight: 1, arbitrary: fc.constantFrom(...LEAVES.flatMap((leaf) => leaf.flags)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('--help', '--version', '--', '-', '-x', '-h', '--__proto__', '--constructor'),
    },
  );
  return fc.oneof(
    { weight: 2, arbitrary: flag.map((one) => [one]) },
    { weight: 4, arbitrary: fc.tuple(flag, value) },
    { weight: 2, arbitrary: fc.tuple(flag, value).map((parts) => [parts.join('=')]) },
    { weight: 2, arbitrary: value.map((one) => [one]) },
  );
}

/** Each stands for itself: as the value of an option, e.g. of `--name`, it would be stored and shown. */
const holding = fc.constantFrom(
  `--password=${SECRET}`,
  `--${SECRET}`,
  `--database=mysql://root:${SECRET}@127.0.0.1:1/shop`,
  `--database=sqlserver://root:${SECRET}@127.0.0.1:1/shop`,
  `--redis=redis://:${SECRET}@127.0.0.1:1`,
  `--redis=http://:${SECRET}@127.0.0.1:1`,
  `--from=postgres://root:${SECRET}@127.0.0.1:1/shop`,
);

interface Call {
  readonly command: string;
  readonly first: readonly string[];
  /** What happens to each of the good arguments. */
  readonly edits: readonly (string | { readonly by: string })[];
  readonly more: readonly (readonly string[])[];
}

const edit = fc.oneof(
  { weight: 8, arbitrary: fc.constant('kept') },
  { weight: 1, arbitrary: fc.constant('left out') },
  { weight: 1, arbitrary: value.map((by) => ({ by })) },
);
const first = fc.oneof(
  { weight: 6, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: holding.map((one) => [one]) },
);

/** The good arguments of a command, of which some are lost or replaced, and others. */
const calls: Arbitrary<Call> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(...LEAVES).chain((leaf) =>
      fc.record({
        command: fc.constant(leaf.name),
        first,
        edits: fc.array(edit, { minLength: 6, maxLength: 6 }),
        more: fc.array(argumentsOf(leaf), { maxLength: 3 }),
      }),
    ),
  },
  // Commands with subcommands, and none.
  {
    weight: 1,
    arbitrary: fc.record({
      command: fc.constantFrom('', 'help', ...LEAVES.map(({ name }) => name.replace(/ .*/, ''))),
      first,
      edits: fc.constant([]),
      more: fc.array(
        value.map((one) => [one]),
        { maxLength: 3 },
      ),
    }),
  },
);

function argumentsFor({ command, first: before, edits, more }: Call): readonly string[] {
  const good = (GOOD[command]?.() ?? []).flatMap((argument, index) => {
    const done = edits[index] ?? 'kept';
    return typeof done === 'object' ? [done.by] : done === 'kept' ? [argument] : [];
  });
  return [...command.split(' ').filter((part) => part !== ''), ...before, ...good, ...more.flat()];
}

test('every command has arguments here with which it does something', () => {
  expect(Object.keys(GOOD).sort()).toEqual(LEAVES.map(({ name }) => name).sort());
  expect(LEAVES.every(({ flags }) => flags.includes('--json'))).toBe(true);
});

test.each(LEAVES)('good arguments get through: $name', async ({ name }) => {
  const { code, said } = await called([...name.split(' '), ...(GOOD[name]?.() ?? [])]);
  expect({ code, said }).toEqual({ code: EXIT_CODES.done, said: expect.any(String) });
});

test('no arguments make the command line crash, end with a code of its own, or print a secret', async () => {
  const codes: ReadonlySet<number> = new Set(Object.values(EXIT_CODES));
  // The prefix of all tokens is no secret.
  const secrets = new Secrets([SECRET, KEY, token.slice(4)]);
  const seen = new Map<number, number>();
  await forInputsAsync(
    fc.asyncProperty(calls, async (call) => {
      const { code, said } = await called(argumentsFor(call));
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
  // Some do what they are there for, and some are refused.
  expect([...seen.keys()]).toEqual(expect.arrayContaining([EXIT_CODES.done, EXIT_CODES.usage]));
});
