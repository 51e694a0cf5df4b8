import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { challenge } from '../../../src/core/challenge.js';

describe('challenge', () => {
  test('[RS-5 RFC 6750 §3.1] without parameters it is the scheme and the realm', () => {
    expect(challenge('Bearer', 'api')).toBe('Bearer realm="api"');
  });

  test('[RS-7 RFC 6750 §3] parameters come as error, error_description, scope, resource_metadata', () => {
    expect(
      challenge('Bearer', 'api', {
        resourceMetadata: 'https://a/b',
        scope: 'a b',
        error: 'insufficient_scope',
        errorDescription: 'No.',
      }),
    ).toBe(
      'Bearer realm="api", error="insufficient_scope", error_description="No.", scope="a b", resource_metadata="https://a/b"',
    );
  });

  test('[RS-8 RFC 6750 §3] whatever a value holds, nothing leaves its quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (description, scope) => {
        const text = challenge('Bearer', 'api', { error: 'invalid_token', errorDescription: description, scope });
        expect(text).toMatch(
          /^Bearer realm="api", error="invalid_token", error_description="[\x20-\x21\x23-\x5b\x5d-\x7e]*", scope="[\x20-\x21\x23-\x5b\x5d-\x7e]*"$/,
        );
      }),
    );
  });
});
