import { afterEach, expect, test } from '@jest/globals';
import { getMetadataArgsStorage } from 'routing-controllers';
import { ConfigurationError } from '../../../src/core/errors.js';
import { refuseTwoCopies } from '../../../src/routing-controllers/one-copy.js';

const own = getMetadataArgsStorage();
const shared = globalThis as { routingControllersMetadataArgsStorage?: unknown };
afterEach(() => {
  shared.routingControllersMetadataArgsStorage = own;
});

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
