import { describe, expect, test } from '@jest/globals';
import { canonicalResource, isResourceIdentifier } from '../../../src/core/resource-identifier.js';

describe('a resource identifier', () => {
  test('[RFC 8707 §2] is an absolute URI without a fragment', () => {
    for (const good of ['https://api.example', 'https://api.example/a?b', 'urn:example:api']) {
      expect(isResourceIdentifier(good)).toBe(true);
    }
    for (const bad of ['api.example', '/a', 'https://api.example/#a', '', undefined, 5, ['https://api.example']]) {
      expect(isResourceIdentifier(bad)).toBe(false);
    }
  });

  test.each([
    ['https://api.example/', 'https://api.example'],
    ['HTTP://api.example:8080/', 'HTTP://api.example:8080'],
    ['https://api.example', 'https://api.example'],
    ['https://api.example/a/', 'https://api.example/a/'],
    ['https://api.example?a/', 'https://api.example?a/'],
    ['https://api.example?/', 'https://api.example?/'],
    ['myapp://api.example/', 'myapp://api.example/'],
    ['urn:https://api.example/', 'urn:https://api.example/'],
    ['https:///', 'https:///'],
  ])('[RFC 3986 §6.2.3] %s is compared as %s', (identifier, canonical) => {
    expect(canonicalResource(identifier)).toBe(canonical);
  });
});
