import 'reflect-metadata';
import { cp, mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { NotFoundError } from 'routing-controllers';
import { refuseTwoCopies } from '../../../src/routing-controllers/one-copy.js';

const modules = join(import.meta.dirname, '../../../node_modules');
const project = join(modules, `.cache/routing-controllers-oauth2/one-copy-${process.pid}`);
afterAll(() => rm(project, { recursive: true, force: true }));

test('two copies of routing-controllers are refused by the places where they are, and one is not', async () => {
  void NotFoundError;
  expect(() => refuseTwoCopies()).not.toThrow();
  const copy = join(project, 'node_modules/routing-controllers');
  await mkdir(join(project, 'node_modules'), { recursive: true });
  await cp(join(modules, 'routing-controllers'), copy, { recursive: true });
  createRequire(import.meta.url)(join(copy, 'cjs/index.js'));
  expect(() => refuseTwoCopies()).toThrow(
    /^Two copies of routing-controllers are loaded \(\S+node_modules.routing-controllers and \S+one-copy-\d+.node_modules.routing-controllers\), and errors of one are unknown to the other\. Install one version for all: npm ls routing-controllers shows who brings them, npm dedupe or "overrides" in package\.json leaves one\.$/,
  );
});
