import { expect, test } from '@jest/globals';
import { isSafeMethod } from '../../../src/core/methods.js';

test('[RFC 9110 §9.2.1] GET, HEAD and OPTIONS only read', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS']) expect(isSafeMethod(method)).toBe(true);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'get', '']) expect(isSafeMethod(method)).toBe(false);
});
