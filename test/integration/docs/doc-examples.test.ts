import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oauth2-doc-examples-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What `npm run check` says of a page with these lines. */
async function check(...lines: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const page = join(folder, 'page.md');
  await writeFile(page, `${lines.join('\n')}\n`);
  return promisify(execFile)(process.execPath, [join(root, 'scripts/doc-examples.mjs'), page], { cwd: root }).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stderr }: { readonly code: number; readonly stderr: string }) => ({ code, said: stderr }),
  );
}

const block = (language: string, ...code: string[]) => [`\`\`\`${language}`, ...code, '```', ''];
const example = (notes: string, ...code: string[]) => [`<!-- example: ${notes} -->`, '', ...block('ts', ...code)];

test('[TY-3] what is right passes: code, its continuation, a part, a command, a program', async () => {
  const { code, said } = await check(
    ...example(
      'name=one',
      "import { createOAuth2 } from 'routing-controllers-oauth2';",
      'const oauth2 = createOAuth2({ database: process.env.DATABASE_URL });',
    ),
    ...example(
      'continues=one',
      "import { createOAuth2 } from 'routing-controllers-oauth2';",
      'const before = oauth2;',
      '{',
      "  const oauth2 = createOAuth2({ database: ':memory:' });",
      '  void [before, oauth2];',
      '}',
    ),
    ...example('inside=createOAuth2', "scopes: { read: 'Read' },"),
    ...example('run=ends', 'console.log(1);'),
    ...block('sh', 'npx rc-oauth2 tokens issue --client shop \\', '  --scope "read" --json  # prints it'),
    ...block('json', '{ "a": 1 }'),
    'Or `rc-oauth2 migrate --rollback`.',
  );
  expect([code, said]).toEqual([0, '4 examples compile, 1 of them run, and 2 commands exist.\n']);
});

test('[TY-3] each broken block fails, with its place', async () => {
  const { code, said } = await check(
    ...block('ts', "import { createOAut2 } from 'routing-controllers-oauth2';", 'void createOAut2;'),
    ...block('ts', 'const list: number[] = [];', 'export const one: number = list[0];'),
    ...block(
      'ts',
      "import { OAuth2Options } from 'routing-controllers-oauth2';",
      'export const given = {} as OAuth2Options;',
    ),
    ...block('ts', 'export const options: { a?: number } = { a: undefined };'),
    ...example('inside=createOAuth2', "scopse: { read: 'Read' },"),
    ...example('continues=nothing', 'void 0;'),
    ...example('with=nobody', 'void 0;'),
    ...example('wiht=user', 'void 0;'),
    ...block('json', '{ "a": 1, }'),
    ...block('', 'npm install'),
    ...block('sh', 'npx rc-oauth2 tokens isue --json', 'rc-oauth2 tokens issue --clinet shop'),
    'Or `rc-oauth2 migrate --rolback`.',
  );
  expect(code).toBe(1);
  const messages = [
    "page.md:1: TypeScript 7: .*no exported member named 'createOAut2'",
    "page.md:1: TypeScript 5.9: .*no exported member named 'createOAut2'",
    "page.md:6: TypeScript 7: .*'number [|] undefined' is not assignable to type 'number'",
    "page.md:6: TypeScript 5.9: .*'number [|] undefined' is not assignable to type 'number'",
    "page.md:11: .*must be imported using a type-only import when 'verbatimModuleSyntax'",
    "page.md:16: .*with 'exactOptionalPropertyTypes: true'",
    "page.md:22: .*'scopse' does not exist in type",
    'page.md:28: there is no example "nothing" before it.',
    'page.md:34: scripts/doc-examples/with/nobody.ts is missing.',
    'page.md:40: "wiht=user" is no note; there are name, continues, with, inside, file, run.',
    'page.md:44: .*JSON',
    'page.md:48: a block in "" is not checked',
    'page.md:53: rc-oauth2 tokens has no command "isue".',
    'page.md:54: rc-oauth2 tokens issue has no option --clinet.',
    'page.md:57: rc-oauth2 migrate has no option --rolback.',
  ];
  for (const message of messages) expect(said).toMatch(new RegExp(message));
});

test('[TY-3] a program that fails is told, with what it says', async () => {
  const failing = await check(
    ...example('run=ends', "throw new Error('the program itself');"),
    ...example(
      'run=serves',
      "import { createServer } from 'node:http';",
      'createServer((_request, response) => {',
      '  response.statusCode = 500;',
      '  response.end();',
      '}).listen(3000);',
    ),
  );
  expect(failing.code).toBe(1);
  expect(failing.said).toMatch(/page.md:3: run=ends: it ended with 1\.\n(.*\n)*.*the program itself/);
  expect(failing.said).toMatch(/page.md:9: run=serves: it ended with .* after answering 500/);
});

test('[TY-3] a block that is not closed is told', async () => {
  const { code, said } = await check('```ts', 'void 0;', '```', '', '```ts', 'void 0;');
  expect([code, said]).toEqual([1, expect.stringContaining('a code block is not closed')]);
});
