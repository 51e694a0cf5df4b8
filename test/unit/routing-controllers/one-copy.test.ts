import { cp, mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { getMetadataArgsStorage } from 'routing-controllers';
import { ConfigurationError } from '../../../src/core/errors.js';
import { refuseTwoCopies } from '../../../src/routing-controllers/one-copy.js';

const modules = join(import.meta.dirname, '../../../node_modules');
const project = join(modules, `.cache/routing-controllers-oauth2/one-copy-${process.pid}`);
const own = getMetadataArgsStorage();
const shared = globalThis as { routingControllersMetadataArgsStorage?: unknown };

afterEach(() => {
  shared.routingControllersMetadataArgsStorage = own;
});
afterAll(() => rm(project, { recursive: true, force: true }));

test('one copy of routing-controllers may serve', () => {
  expect(() => refuseTwoCopies()).not.toThrow();
});

test('a list of decorators that another copy made shows that there are two, as in a bundle', () => {
  shared.routingControllersMetadataArgsStorage = { ...own };
  expect(() => refuseTwoCopies()).toThrow(ConfigurationError);
  expect(() => refuseTwoCopies()).toThrow(
    /^Two copies of routing-controllers are loaded, and errors of one are unknown/,
  );
});

test('two copies are refused by the places where they are', async () => {
  const copy = join(project, 'node_modules/routing-controllers');
  await mkdir(join(project, 'node_modules'), { recursive: true });
  await cp(join(modules, 'routing-controllers'), copy, { recursive: true });
  createRequire(import.meta.url)(join(copy, 'cjs/index.js'));
  expect(() => refuseTwoCopies()).toThrow(
    /^Two copies of routing-controllers are loaded \(\S+node_modules.routing-controllers and \S+one-copy-\d+.node_modules.routing-controllers\), and errors of one are unknown to the other\. Install one version for all: npm ls routing-controllers shows who brings them, npm dedupe or "overrides" in package\.json leaves one\.$/,
  );
});
