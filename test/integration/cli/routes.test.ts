import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fixture, objectOf, resultOf, runCliProcess } from '../../support/cli/run-cli.js';

/** The built package. */
const packageIndex = new URL('../../../dist/public/index.js', import.meta.url).href;

describe('routes', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oauth2-test-routes-'));
    // The modules import routing-controllers, as those of an application.
    await symlink(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function module(name: string, text: string): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, text);
    return file;
  }

  test('lists every action with verb, path, requirement, throttles and whether it is public', async () => {
    const { actions } = resultOf(await runCliProcess(['routes', fixture('guarded.mjs'), '--json']));
    const common = { controller: 'Books', declared: true, problems: [] };
    expect(actions).toEqual([
      expect.objectContaining({ ...common, method: 'GET', path: '/api/books/', action: 'list', public: false }),
      expect.objectContaining({
        ...common,
        method: 'POST',
        path: '/api/books/',
        action: 'create',
        public: false,
        throttles: [expect.stringContaining('uploads')],
      }),
      expect.objectContaining({ ...common, method: 'GET', path: '/api/books/about', action: 'about', public: true }),
    ]);
    expect((actions as { requirement: string }[])[0]?.requirement).toContain('books:read');
  });

  test('is a table for people; what the module prints goes to stderr', async () => {
    const { code, stdout, stderr } = await runCliProcess(['routes', fixture('guarded.mjs')]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^The module talks on stdout while it is loaded\.\n/);
    const rows = stdout.split('\n').filter((line) => line.startsWith('│'));
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatch(/^│ Verb +│ Path +│ Requirement +│ Throttles +│ Public │ Action +│$/);
    expect(rows[1]).toMatch(/^│ GET +│ \/api\/books\/? +│ .*books:read.* │ +│ no +│ Books\.list +│$/);
    expect(rows[2]).toMatch(
      /^│ POST +│ \/api\/books\/? +│ .*books:write.*admin.* │ uploads.* │ no +│ Books\.create +│$/,
    );
    expect(rows[3]).toMatch(/^│ GET +│ \/api\/books\/about +│ +│ +│ yes +│ Books\.about +│$/);
  });

  test('an undeclared action is exit code 1, after the table', async () => {
    const { code, stdout, stderr } = await runCliProcess(['routes', fixture('undeclared.mjs')]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/│ DELETE +│ \/notes\/:id +│ UNDECLARED +│/);
    expect(stderr).toMatch(/^DELETE \/notes\/:id \(Notes\.remove\): .*\n/);
    expect(stderr).toMatch(
      /\nrc-oauth2: 1 action is undeclared or wrongly declared: Notes\.remove; .*@Public\(\)\.\n$/,
    );
  });

  test('an undeclared action with --json: the list on stdout, the error on stderr', async () => {
    const { code, stdout, stderr } = await runCliProcess(['routes', fixture('undeclared.mjs'), '--json']);
    expect(code).toBe(1);
    expect(objectOf(stdout).actions).toHaveLength(2);
    expect(objectOf(stderr)).toMatchObject({
      error: 'undeclared_action',
      error_description: expect.stringContaining('Notes.remove'),
    });
  });

  test('--format openapi prints the document of the application, named as in its package.json', async () => {
    const folderOfApp = join(folder, 'shop');
    await mkdir(folderOfApp);
    await writeFile(
      join(folderOfApp, 'package.json'),
      JSON.stringify({ name: 'shop', version: '3.2.1', type: 'module' }),
    );
    const file = join(folderOfApp, 'app.js');
    await writeFile(file, `export * from ${JSON.stringify(pathToFileURL(fixture('guarded.mjs')).href)};`);
    const { code, stdout } = await runCliProcess(['routes', file, '--format', 'openapi']);
    expect(code).toBe(0);
    const { openapi, info, paths } = JSON.parse(stdout);
    expect({ openapi, info }).toMatchObject({ openapi: '3.1.0', info: { title: 'shop', version: '3.2.1' } });
    expect(Object.keys(paths)).toEqual(['/api/books', '/api/books/about']);
    expect(Object.keys(paths['/api/books'])).toEqual(['get', 'post']);
    expect(paths['/api/books'].get.security).not.toEqual([]);
  });

  test('--format openapi of actions that are not well declared is their table, and exit code 1', async () => {
    const { code, stdout, stderr } = await runCliProcess(['routes', fixture('undeclared.mjs'), '--format', 'openapi']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/UNDECLARED/);
    expect(stderr).toMatch(/1 action is undeclared/);
  });

  test('--format openapi goes with neither --diff nor --json', async () => {
    const kept = join(folder, 'kept.json');
    await writeFile(kept, '{"actions":[]}');
    for (const others of [['--diff', kept], ['--json']]) {
      const { code, stdout, stderr } = await runCliProcess([
        'routes',
        fixture('guarded.mjs'),
        '--format',
        'openapi',
        ...others,
      ]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/--format openapi/);
    }
  });

  test('--format openapi says so if the guards are of another copy of the package', async () => {
    const file = await module('copy.mjs', `${FAKE}\nexport { oauth2 }; export const controllers = [Any];`);
    const { code, stderr } = await runCliProcess(['routes', file, '--format', 'openapi']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/another copy of routing-controllers-oauth2/);
  });

  const FAKE = `const oauth2 = {
    describe: (controllers, options) => [{ method: 'get', path: (options.routePrefix ?? '') + '/x', controller: controllers[0].name,
      action: 'x', requirement: process.env.DATABASE_URL ?? 'none', throttles: [], public: false, declared: true, problems: [] }],
    async close() { process.stderr.write('closed'); },
  };
  class Any {}`;

  test.each([
    ['named exports of an ES module', 'named.mjs', `${FAKE}\nexport { oauth2 }; export const controllers = [Any];`],
    ['a default object of an ES module', 'default.mjs', `${FAKE}\nexport default { oauth2, controllers: [Any] };`],
    ['a CommonJS module', 'common.cjs', `${FAKE}\nmodule.exports = { oauth2, controllers: [Any] };`],
    [
      'promises',
      'promises.mjs',
      `${FAKE}\nexport default { oauth2: Promise.resolve(oauth2), controllers: Promise.resolve([Any]) };`,
    ],
  ])('reads %s, and closes oauth2 afterwards', async (_what, name, text) => {
    const { code, stdout, stderr } = await runCliProcess(['routes', await module(name, text), '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'closed' });
    expect(objectOf(stdout)).toEqual({ actions: [expect.objectContaining({ controller: 'Any', path: '/x' })] });
  });

  test('hands routePrefix to describe, and --database to the module as DATABASE_URL', async () => {
    const file = await module(
      'prefix.mjs',
      `${FAKE}\nexport { oauth2 }; export const controllers = [Any]; export const routePrefix = '/v1';`,
    );
    const { actions } = resultOf({
      ...(await runCliProcess(['routes', file, '--database', 'sqlite:y', '--json'])),
      stderr: '',
    });
    expect(actions).toEqual([expect.objectContaining({ path: '/v1/x', requirement: 'sqlite:y' })]);
  });

  test.each([
    ['export const controllers = [class {}];', 'exports no `oauth2`; it must export `oauth2`'],
    [
      'export const oauth2 = {}; export const controllers = [class {}];',
      'exports an `oauth2` that createOAuth2 did not return',
    ],
    [`${FAKE}\nexport { oauth2 };`, 'exports no `controllers`'],
    [`${FAKE}\nexport { oauth2 }; export const controllers = [];`, 'exports no array of classes as `controllers`'],
    [
      `${FAKE}\nexport { oauth2 }; export const controllers = './controllers/*.js';`,
      'exports no array of classes as `controllers`',
    ],
    [
      `${FAKE}\nexport { oauth2 }; export const controllers = [Any, 'Books'];`,
      'exports `controllers[1]`, which is a string and not a class',
    ],
    [
      `${FAKE}\nexport { oauth2 }; export const controllers = [Any]; export const routePrefix = 1;`,
      'exports a `routePrefix` that is not a string',
    ],
    ['export default null;', 'exports no `oauth2`'],
  ])('%j is refused with what it lacks', async (text, says) => {
    const file = await module(`lacking-${Math.random()}.mjs`, text);
    const { code, stdout, stderr } = await runCliProcess(['routes', file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`rc-oauth2: <app module>: ${file} ${says}`);
  });

  describe('[RS-74] --diff compares with a kept table', () => {
    const before = `
      import { All, Authorized, Controller, Get } from 'routing-controllers';
      import { createOAuth2, Public, RequiredScopes, TokenHasReadWriteScope, Throttle } from ${JSON.stringify(packageIndex)};
      class Books { list() {} all() {} }
      Controller('/books')(Books);
      Get('/')(Books.prototype, 'list');
      Authorized(['books:read', 'staff'])(Books.prototype, 'list');
      Throttle('reads')(Books.prototype, 'list');
      All('/all')(Books.prototype, 'all');
      Authorized(TokenHasReadWriteScope)(Books.prototype, 'all');
      RequiredScopes('books')(Books.prototype, 'all');
      export const oauth2 = createOAuth2({ database: ':memory:', throttling: { policies: { reads: '20/d' } } });
      export const controllers = [Books];`;

    async function kept(): Promise<string> {
      const { code, stdout } = await runCliProcess(['routes', await module('before.mjs', before), '--format', 'json']);
      expect(code).toBe(0);
      return module('routes.json', stdout);
    }

    test('nothing has changed: exit code 0', async () => {
      const result = await runCliProcess(['routes', await module('same.mjs', before), '--diff', await kept()]);
      expect(result).toMatchObject({ code: 0, stdout: 'No guard and no throttle is weaker.\n', stderr: '' });
    });

    test('what became weaker is listed, and is exit code 1', async () => {
      const after = before
        .replace("['books:read', 'staff']", "'books:read'")
        .replace("'20/d'", "'21/d'")
        .replace("Get('/')", "Get('/about')(Books.prototype, 'about'); Public()(Books.prototype, 'about'); Get('/')")
        .replace('list() {}', 'list() {} about() {}');
      const file = await module('after.mjs', after);
      const { code, stdout, stderr } = await runCliProcess(['routes', file, '--diff', await kept()]);
      expect({ code, stdout: stdout.split('\n') }).toEqual({
        code: 1,
        stdout: [
          'Weaker guards:',
          '  GET /books/about (Books.about): it is new, and public',
          '  GET /books/ (Books.list): it may let in: books:read',
          '',
          'Weaker throttles:',
          '  GET /books/ (Books.list): the throttle reads (20/d) is 21/d now',
          '',
          'New:',
          '  GET /books/about (Books.about)',
          '',
          '',
        ],
      });
      expect(stderr).toBe(
        'rc-oauth2: weaker than in the kept table: 2 findings are about guards, 1 finding is about a throttle; keep a new table if that is intended.\n',
      );
      const json = await runCliProcess(['routes', file, '--diff', await kept(), '--json']);
      expect(objectOf(json.stdout)).toMatchObject({
        findings: [{ kind: 'guard' }, { kind: 'guard' }, { kind: 'throttle' }],
        removed: [],
      });
      expect(objectOf(json.stderr)).toMatchObject({ error: 'weaker_guard' });
      const markdown = await runCliProcess(['routes', file, '--diff', await kept(), '--format', 'markdown']);
      expect(markdown.stdout).toContain(
        '**Weaker guards**\n\n- GET /books/about (Books.about): it is new, and public\n',
      );
    });

    test.each([
      ['no file', () => join(folder, 'none.json'), 'none.json cannot be read'],
      ['no JSON', () => module('no.json', '{'), 'no.json is no JSON'],
      [
        'no table',
        () => module('other.json', '{"actions":[{"path":"/"}]}'),
        'other.json is no table of routes of this version',
      ],
    ])('%s is a usage error', async (_what, file, says) => {
      const { code, stderr } = await runCliProcess(['routes', fixture('guarded.mjs'), '--diff', await file()]);
      expect(code).toBe(2);
      expect(stderr).toContain(`${says}; keep what \`rc-oauth2 routes --format json\` prints.`);
    });
  });

  test('a permission that goes by method is told for each of them, in every format', async () => {
    const file = await module(
      'by-method.mjs',
      `import { All, Authorized, Controller } from 'routing-controllers';
      import { createOAuth2, RequiredScopes, TokenHasReadWriteScope } from ${JSON.stringify(packageIndex)};
      class Books { all() {} }
      Controller('/books')(Books);
      All('/all')(Books.prototype, 'all');
      Authorized(TokenHasReadWriteScope)(Books.prototype, 'all');
      RequiredScopes('books')(Books.prototype, 'all');
      export const oauth2 = createOAuth2({ database: ':memory:' });
      export const controllers = [Books];`,
    );
    const { actions } = resultOf(await runCliProcess(['routes', file, '--json'])) as { actions: { access: unknown }[] };
    expect(actions[0]?.access).toMatchObject([
      { methods: ['GET', 'HEAD'], alternatives: [{ credentials: 'token', scopes: ['books', 'read'] }] },
      {
        methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
        alternatives: [{ credentials: 'token', scopes: ['books', 'write'] }],
      },
    ]);
    const table = await runCliProcess(['routes', file]);
    expect(table.stdout).toMatch(/│ ALL +│ \/books\/all │ GET, HEAD: books read +│/);
    expect(table.stdout).toMatch(/│ +│ +│ POST, PUT, PATCH, DELETE: books write +│/);
    const markdown = await runCliProcess(['routes', file, '--format', 'markdown']);
    expect(markdown.stdout).toBe(
      '| Verb | Path | Requirement | Throttles | Public | Action |\n| --- | --- | --- | --- | --- | --- |\n' +
        '| ALL | /books/all | GET, HEAD: books read<br>POST, PUT, PATCH, DELETE: books write |  | no | Books.all |\n',
    );
    expect(await runCliProcess(['routes', file, '--json', '--format', 'table'])).toMatchObject({ code: 2 });
  });

  test('a module that is not there, or is no JavaScript, is a usage error', async () => {
    const missing = await runCliProcess(['routes', join(folder, 'missing.js')]);
    expect(missing).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('there is no file') });
    const typescript = await runCliProcess(['routes', await module('app.ts', 'export const oauth2: unknown = 1;')]);
    expect(typescript.stdout).toBe('');
    expect(typescript.stderr).toMatch(/^rc-oauth2: <app module>: [^\n]+\n$/);
  });

  test('a module that fails while it is loaded is a failure, told in one line', async () => {
    const throwing = await runCliProcess([
      'routes',
      await module('throwing.mjs', "throw new Error('no configuration');"),
    ]);
    expect(throwing).toMatchObject({ code: 1, stdout: '' });
    expect(throwing.stderr).toMatch(
      /^rc-oauth2: <app module>: loading \S+throwing\.mjs failed with Error: no configuration\n$/,
    );
    const broken = await runCliProcess(['routes', await module('broken.mjs', 'export const = 1;')]);
    expect(broken).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('SyntaxError') });
    const later = `${FAKE}\noauth2.describe = () => { throw new Error('not today'); }; export { oauth2 }; export const controllers = [Any];`;
    const describing = await runCliProcess(['routes', await module('describing.mjs', later)]);
    expect(describing).toMatchObject({ code: 1, stdout: '', stderr: 'closedrc-oauth2: not today\n' });
  });
});
