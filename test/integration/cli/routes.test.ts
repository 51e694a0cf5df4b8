import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fixture, objectOf, resultOf, runCliProcess } from '../../support/cli/run-cli.js';

describe('routes', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oauth2-test-routes-'));
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
