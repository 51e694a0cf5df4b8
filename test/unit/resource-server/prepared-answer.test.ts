import { describe, expect, test } from '@jest/globals';
import { AccessDeniedError } from '../../../src/core/errors.js';
import { ErrorResponder } from '../../../src/resource-server/error-response.js';

describe('a refusal that is made once', () => {
  const responder = new ErrorResponder({
    realm: 'api',
    errorBody: 'drf',
    errorResponseWithScopes: false,
    authenticators: [],
  });

  test.each([
    ['Not today.', 'latin1'],
    ['Pas aujourd’hui.', 'utf8'],
    ['Peut-être demain.', 'utf8'],
  ] as const)('is written as the bytes of its JSON: %s', (message, encoding) => {
    const prepared = responder.prepare(new AccessDeniedError(message));

    expect(prepared?.encoding).toBe(encoding);
    expect(Buffer.from(prepared?.json ?? '', prepared?.encoding).toString('utf8')).toBe(
      JSON.stringify({ detail: message }),
    );
    expect(prepared?.length).toBe(String(Buffer.byteLength(JSON.stringify({ detail: message }))));
  });
});
