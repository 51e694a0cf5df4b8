import { randomBytes } from 'node:crypto';
import { chown, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createOAuth2 } from '../../../src/public/index.js';
import { fixture, objectOf, resultOf, runCliProcess } from '../../support/cli/run-cli.js';

const PACKAGE = pathToFileURL(resolve('dist/public/index.js')).href;
const AUTHORIZATION_SERVER = pathToFileURL(resolve('dist/public/authorization-server.js')).href;

describe('[ALL-65] the command line works by the options of the servers', () => {
  let folder: string;
  let database: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oauth2-test-configuration-'));
    database = `sqlite:${join(folder, 'app.sqlite')}`;
    resultOf(await runCliProcess(['migrate', '--database', database, '--json']));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function module(name: string, text: string): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, text);
    return file;
  }

  const list = (config: string, ...more: string[]) =>
    runCliProcess(['applications', 'list', '--config', config, '--json', ...more]);

  test.each([
    ['options as the default export', 'a.mjs', 'export default OPTIONS;'],
    ['`options`', 'b.mjs', 'export const options = OPTIONS;'],
    ['a promise', 'c.mjs', 'export default Promise.resolve(OPTIONS);'],
    ['a function', 'd.mjs', 'export default async () => (OPTIONS);'],
    ['an instance', 'e.mjs', `import { createOAuth2 } from '${PACKAGE}'; export const oauth2 = createOAuth2(OPTIONS);`],
    [
      'a function that makes one',
      'f.mjs',
      `export default async () => (await import('${PACKAGE}')).createOAuth2(OPTIONS);`,
    ],
    ['CommonJS options', 'g.cjs', 'module.exports = OPTIONS;'],
    ['CommonJS names', 'h.cjs', 'exports.options = OPTIONS;'],
    [
      'compiled TypeScript',
      'i.cjs',
      "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = OPTIONS;",
    ],
  ])('the module may export %s', async (_what, name, text) => {
    const file = await module(name, text.replace('OPTIONS', JSON.stringify({ database })));
    expect(resultOf(await list(file))).toEqual({ applications: [] });
  });

  test('the nearest package.json names the module, and --no-config leaves it out', async () => {
    const inner = join(folder, 'project/src');
    await mkdir(inner, { recursive: true });
    await writeFile(join(folder, 'project/package.json'), '{ "rc-oauth2": { "config": "./oauth2.mjs" } }');
    await writeFile(join(folder, 'project/oauth2.mjs'), `export default ${JSON.stringify({ database })};`);
    const call = ['applications', 'list', '--json'];
    expect(resultOf(await runCliProcess(call, { cwd: inner }))).toEqual({ applications: [] });
    const without = await runCliProcess([...call, '--no-config'], { cwd: inner });
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('no database given') });
  });

  test('options of the command line win over those of the module, and these over the environment', async () => {
    const file = await module(
      'refusing.mjs',
      "if (!process.env.DATABASE_URL) throw new Error('DATABASE_URL is not set'); export default { database: 'sqlite:/nonexistent/a.sqlite' };",
    );
    expect(resultOf(await list(file, '--database', database))).toEqual({ applications: [] });
    const env = { DATABASE_URL: database };
    const { code, stderr } = await runCliProcess(['applications', 'list', '--config', file], { env });
    expect(code).toBe(3);
    expect(stderr).toBe(
      'rc-oauth2: --config: there is no file /nonexistent/a.sqlite; run rc-oauth2 migrate to create it, or correct the path.\n',
    );
  });

  test('tables, models and scopes are those of the servers', async () => {
    const own = `sqlite:${join(folder, 'own.sqlite')}`;
    const file = await module(
      'models.mjs',
      `import { AccessToken } from '${pathToFileURL(resolve('dist/public/storage.js')).href}';
       class ShopToken extends AccessToken { static tableName = 'shop_tokens'; }
       export default { database: '${own}', models: { AccessToken: ShopToken }, scopes: { read: 'Read' } };`,
    );
    const run = (...args: string[]) => runCliProcess([...args, '--config', file, '--json']);
    resultOf(await run('migrate'));
    const { client_id: client } = resultOf(
      await run('applications', 'create', '--name', 'shop', '--grants', 'client_credentials'),
    );
    const issue = ['tokens', 'issue', '--client', client as string, '--scope'];
    const { access_token: token } = resultOf(await run(...issue, 'read'));
    expect(objectOf((await run(...issue, 'write')).stderr).error_description).toContain('The scope write is unknown.');
    expect(resultOf(await run('tokens', 'inspect', token as string))).toMatchObject({ active: true, scope: 'read' });
    const oauth2 = createOAuth2({ database: own });
    try {
      expect(await oauth2.knex('shop_tokens').count({ rows: '*' }).first()).toEqual({ rows: 1 });
    } finally {
      await oauth2.close();
    }
  });

  test('a JWT of the own authorization server is inspected with them; without them nobody can know', async () => {
    const own = `sqlite:${join(folder, 'jwt.sqlite')}`;
    const key = randomBytes(32).toString('base64url');
    const file = await module(
      'jwt.mjs',
      `import { authorizationServer } from '${AUTHORIZATION_SERVER}';
       console.log('The module talks on stdout.');
       export default {
         database: '${own}',
         scopes: { read: 'Read' },
         authorizationServer: authorizationServer({
           issuer: 'http://127.0.0.1:3000', encryptionKeys: ['${key}'], defaultScopes: ['read'],
           resources: { 'https://api.example': { scopes: ['read'], accessTokens: 'jwt' } },
         }),
       };`,
    );
    const run = (...args: string[]) => runCliProcess([...args, '--config', file, '--json']);
    resultOf(await run('migrate'));
    const rotated = resultOf(await run('keys', 'rotate'));
    expect(rotated.keys).toEqual([expect.objectContaining({ created: true }), expect.anything()]);
    const claims = { iss: 'http://127.0.0.1:3000', jti: 'one' };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = `${part({ alg: 'RS256', typ: 'at+jwt' })}.${part(claims)}.c2ln`;
    const oauth2 = createOAuth2({ database: own });
    try {
      const { application } = await oauth2.applications.create({ name: 'x', grantTypes: ['client_credentials'] });
      const { model } = await oauth2.tokens.issue({ application, scope: 'read' });
      const { createHash } = await import('node:crypto');
      const token_hash = createHash('sha256').update(jwt).digest();
      await oauth2.knex('oauth2_access_tokens').where('id', model.id).update({ token_hash });
    } finally {
      await oauth2.close();
    }
    expect(resultOf(await run('tokens', 'inspect', jwt))).toMatchObject({ active: true, scope: 'read' });
    const without = await runCliProcess(['tokens', 'inspect', jwt, '--database', own, '--json']);
    expect(without).toMatchObject({ code: 1, stdout: '' });
    expect(objectOf(without.stderr)).toEqual({
      error: 'unknown_issuer',
      error_description: expect.stringContaining('give --config <file>'),
    });
  });

  test('TypeScript with decorators is loaded by the tsx of the application', async () => {
    const { stdout } = await list(fixture('host/oauth2.ts'), '--database', database);
    expect(objectOf(stdout)).toEqual({ applications: [] });
  });

  test('TypeScript that nothing here can load is one message that says what to do', async () => {
    await cp(fixture('host'), join(folder, 'host'), { recursive: true });
    const { code, stdout, stderr } = await runCliProcess(['migrate', '--config', join(folder, 'host/oauth2.ts')]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^rc-oauth2: --config: Node\.js [\d.]+ cannot load \S+oauth2\.ts as it is; install tsx beside it \(npm install --save-dev tsx\), .*\n$/,
    );
  });

  test.each([
    ['nothing', 'export const other = 1;', 2, 'it exports no options; export the options of createOAuth2'],
    ['something else', 'export default 5;', 2, 'it exports something else than options'],
    ['a list', 'export default [];', 2, 'it exports something else than options'],
    [
      'an unknown option',
      "export default { database: ':memory:', rediss: 'x' };",
      2,
      '--config: The option rediss cannot be set: there is no such option; did you mean redis?',
    ],
    [
      'what another version of createOAuth2 returned',
      'export const oauth2 = { describe: () => [], close: async () => {} };',
      2,
      '--config: it is of another version of routing-controllers-oauth2 than this command',
    ],
    ['no database', 'export default {};', 2, 'no database given'],
    ['what throws', "throw new Error('no settings');", 1, 'failed with Error: no settings'],
    [
      'a function that throws',
      "export default () => { throw new Error('no vault'); };",
      1,
      'its function failed with Error: no vault',
    ],
  ])('a module that exports %s is one message', async (what, text, exitCode, says) => {
    const { code, stdout, stderr } = await list(await module(`${what.replaceAll(' ', '-')}.mjs`, text));
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(objectOf(stderr).error_description).toContain(says);
  });

  test('a module that is not there is a wrong usage', async () => {
    const missing = await list(join(folder, 'missing.mjs'));
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no file') });
    await writeFile(join(folder, 'package.json'), '{ "rc-oauth2": { "config": "./nothing\\u0000.mjs" } }');
    const unnamed = await runCliProcess(['applications', 'list'], { cwd: folder });
    expect(unnamed).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no file') });
    await writeFile(join(folder, 'package.json'), '{ "rc-oauth2": { "config": 5 } }');
    const named = await runCliProcess(['applications', 'list'], { cwd: folder });
    expect(named.stderr).toBe(
      'rc-oauth2: rc-oauth2.config in package.json: give the path of a module, e.g. "./dist/oauth2.js".\n',
    );
  });

  // Only the superuser can make files of others.
  (process.getuid?.() === 0 ? test : test.skip)('what a package.json of another user names is not run', async () => {
    const theirs = join(folder, 'theirs');
    await mkdir(join(theirs, 'below'), { recursive: true });
    await writeFile(join(theirs, 'package.json'), '{ "rc-oauth2": { "config": "./run-me.mjs" } }');
    await writeFile(join(theirs, 'run-me.mjs'), "process.stderr.write('was run'); export default {};");
    const cwd = join(theirs, 'below');
    expect((await runCliProcess(['applications', 'list'], { cwd })).stderr).toContain('was run');
    await chown(join(theirs, 'package.json'), 65_534, 65_534);
    const { code, stderr } = await runCliProcess(['applications', 'list'], { cwd });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'rc-oauth2: rc-oauth2.config in ../package.json: the file belongs to another user; name the module with --config, or give --no-config.\n',
    });
  });
});
