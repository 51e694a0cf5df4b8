import { expect, test } from '@jest/globals';
import { readSecretKeys } from '../../../src/core/secret-keys.js';
import { importedSecret } from '../../../src/storage/models/new-application.js';

test('[RS-69] of an option that holds secrets not even a short text or number is shown', () => {
  for (const given of ['ab', 'qqqq', 917, 5]) {
    expect(() => readSecretKeys([given as never], 'cache.authenticationKeys')).toThrow(/cannot be a (string|number): /);
    const columns = { clientType: 'confidential', jwks: null, jwksUri: null } as never;
    expect(() => importedSecret({ importedSecretHash: given } as never, columns)).toThrow(
      /cannot be a (string|number): /,
    );
  }
});
