import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { COMPILERS, compile } from '../../support/compilers.js';

const folder = join(import.meta.dirname, '../../types');
const files = ['scopes-defined.ts', 'scopes-registered.ts', 'user-registered.ts', 'users-inferred.ts'];

// Each file of test/types is a program of its own. What must not compile in it is under `@ts-expect-error`, which is itself an
// error where everything compiles.
test('[TY-1] every file of test/types is compiled', async () => {
  expect((await readdir(folder)).filter((name) => !name.startsWith('bare-')).sort()).toEqual([...files].sort());
});

describe.each(COMPILERS)('with TypeScript %s', (_version, compiler) => {
  test.each(files)('[TY-1] test/types/%s compiles where it has to, and nowhere else', async (file) => {
    expect(await compile(compiler, join(folder, file))).toBe('');
    expect(await compile(compiler, join(folder, file), ['--exactOptionalPropertyTypes'])).toBe('');
  });

  test.each(files)('[TY-1] each mistake in test/types/%s is found by the compiler', async (file) => {
    const text = await readFile(join(folder, file), 'utf8');
    const expected = text.match(/@ts-expect-error/g) ?? [];
    const bare = join(folder, `bare-${process.pid}-${compiler}-${file}`);
    await writeFile(bare, text.replaceAll('@ts-expect-error', 'expected'));
    try {
      const lines = (await compile(compiler, bare)).split('\n').filter((line) => line.includes('error TS'));
      expect(lines).toHaveLength(expected.length);
    } finally {
      await rm(bare);
    }
  });
});
