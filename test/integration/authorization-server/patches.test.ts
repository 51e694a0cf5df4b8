import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { requireMethods } from '../../../src/authorization-server/oidc/patches/require-methods.js';

const FOLDER = 'src/authorization-server/oidc/patches';
/** What the patches are made with. */
const HELPERS = ['payload-members.ts', 'require-methods.ts'];
const patches = readdirSync(FOLDER).filter((name) => !HELPERS.includes(name));

/** The words after a label of the docstring, as far as its next line that is empty or has a label. */
function noted(source: string, label: string): string {
  const text = source.replace(/\n \* ?/g, '\n');
  return new RegExp(`\\n${label}: ([^]*?)(?=\\n\\n|\\n[A-Z][a-z ]+: |\\n/|\\*/)`).exec(text)?.[1] ?? '';
}

describe.each(patches)('the patch %s of oidc-provider', (name) => {
  const source = readFileSync(`${FOLDER}/${name}`, 'utf8');

  test('says what it patches', () => {
    expect(noted(source, 'Patched')).toMatch(/`[A-Za-z._]+`/);
  });

  test('is written for the installed version', () => {
    const require = createRequire(import.meta.url);
    const { version } = require('oidc-provider/package.json') as { readonly version: string };
    const [major, minor] = version.split('.');
    expect(noted(source, 'Written for')).toBe(`oidc-provider ${major}.${minor}`);
  });

  test('names the tests that prove it, which exist', () => {
    const tests = noted(source, 'Proven by').match(/test\/[a-z0-9/-]+\.test\.ts/g) ?? [];
    expect(tests).not.toEqual([]);
    expect(tests.filter((file) => !existsSync(file))).toEqual([]);
  });
});

test('a patch of a method that oidc-provider lacks is an error, and not without effect', () => {
  class Session {
    save(): void {}
  }
  expect(() => requireMethods(Session.prototype, 'Session.prototype', ['save'])).not.toThrow();
  expect(() => requireMethods(Session.prototype, 'Session.prototype', ['save', 'persist'])).toThrow(
    'The installed oidc-provider has no Session.prototype.persist; install a version that this package supports.',
  );
});
