import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { objectOf, resultOf, runCli, runCliProcess } from '../../support/cli/run-cli.js';

// That the application compiles, passes its tests and runs, scripts/check-package.mjs shows, with what is packed.
describe('[ALL-67] init', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oauth2-test-init-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const filesIn = async (path: string) =>
    (await readdir(path, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
      .sort();

  test('writes an application that has the name of its folder, and says what comes next', async () => {
    const path = join(folder, 'My Shop');
    const result = resultOf(await runCli(['init', path, '--json']));
    expect(result).toEqual({
      folder: path,
      files: expect.arrayContaining(['package.json', '.gitignore', 'src/main.ts']),
      next: [`cd '${path}'`, 'npm install', 'npm test', 'npm start'],
    });
    expect(await filesIn(path)).toEqual([...(result.files as string[])].sort());
    const manifest = JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as Record<string, unknown>;
    const own = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(manifest).toMatchObject({ name: 'my-shop', private: true, type: 'module' });
    expect(manifest.dependencies).toMatchObject({
      'routing-controllers-oauth2': `^${own.version}`,
      'routing-controllers': expect.stringMatching(/^~0\.11\./),
      koa: expect.stringMatching(/^\^\d/),
    });
    expect(await readFile(join(path, 'README.md'), 'utf8')).toMatch(/^# my-shop\n/);
  });

  test('is text for people, in the folder where they are', async () => {
    const path = join(folder, 'here');
    await mkdir(path);
    const { code, stdout } = await runCliProcess(['init'], { cwd: path });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^written {2}package\.json\n(written {2}\S+\n)+\nNext:\n {2}npm install\n {2}npm test\n/);
  });

  test('writes nothing where one of its files is, but beside other files', async () => {
    const path = join(folder, 'taken');
    await mkdir(path);
    await writeFile(join(path, 'LICENSE'), 'mine');
    await writeFile(join(path, 'tsconfig.json'), '{}');
    const { code, stderr } = await runCli(['init', path, '--json']);
    expect(code).toBe(1);
    expect(objectOf(stderr)).toMatchObject({
      error: 'files_exist',
      error_description: expect.stringMatching(/^nothing is written, since \S+taken has tsconfig\.json already;/),
    });
    expect(await filesIn(path)).toEqual(['LICENSE', 'tsconfig.json']);
    await rm(join(path, 'tsconfig.json'));
    expect((await runCli(['init', path])).code).toBe(0);
    expect(await readFile(join(path, 'LICENSE'), 'utf8')).toBe('mine');
  });

  test('says what is in the way where it cannot write', async () => {
    await writeFile(join(folder, 'file'), '');
    const { code, stderr } = await runCli(['init', join(folder, 'file')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^rc-oauth2: cannot write the application: [^\n]+\n$/);
  });
});
