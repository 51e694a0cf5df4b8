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

  test('[RFC 9470 §3] what a stronger authentication must be comes after the scope', () => {
    expect(
      challenge('Bearer', 'api', {
        resourceMetadata: 'https://a/b',
        maxAgeSeconds: 0,
        acrValues: 'silver gold',
        scope: 'a',
      }),
    ).toBe('Bearer realm="api", scope="a", acr_values="silver gold", max_age="0", resource_metadata="https://a/b"');
  });

  test('[RFC 9449 §7.1] the algorithms of proofs come last', () => {
    expect(challenge('DPoP', 'api', { error: 'invalid_token', algs: 'ES256 EdDSA' })).toBe(
      'DPoP realm="api", error="invalid_token", algs="ES256 EdDSA"',
    );
  });

  test('an error of another scheme is left out, and algorithms are not', () => {
    const parameters = { error: 'invalid_token', scope: 'a', algs: 'ES256', scheme: 'Bearer' };
    expect(challenge('DPoP', 'api', parameters)).toBe('DPoP realm="api", algs="ES256"');
    expect(challenge('Bearer', 'api', parameters)).toBe(
      'Bearer realm="api", error="invalid_token", scope="a", algs="ES256"',
    );
  });

  test('[RFC 6750 §3] each character that a value must not have is written as a question mark', () => {
    expect(challenge('Bearer', 'a"p\\i', { errorDescription: 'é\r\n' })).toBe(
      'Bearer realm="a?p?i", error_description="???"',
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
