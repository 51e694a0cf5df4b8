import { describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { soleSecret } from '../../../../src/authorization-server/fast-path/sole-secret.js';
import { type Parameters } from '../../../../src/authorization-server/http/request/parameters.js';
import { presentedClient } from '../../../../src/authorization-server/http/request/presented-client.js';
import { sha256 } from '../../../../src/core/digest.js';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const BASIC = basic('books:secret');
const FORM: Parameters = [
  ['client_id', 'books'],
  ['client_secret', 'secret'],
];
const PROVEN = { clientId: 'books', secretHash: sha256('secret') };

function secretOf(headers: Record<string, string>, parameters: Parameters = []) {
  const outer = { req: { headers, socket: {} } } as unknown as Context;
  return soleSecret({ outer, parameters, client: presentedClient(outer, parameters) });
}

describe('the secret that the fast path looks at', () => {
  test.each([
    ['in the Basic field', { authorization: BASIC }, []],
    ['in the Basic field, with the same identifier in the form', { authorization: BASIC }, FORM.slice(0, 1)],
    ['in the form', {}, FORM],
  ])('is one %s', (_, headers, parameters) => {
    expect(secretOf(headers, parameters)).toEqual(PROVEN);
  });

  test.each<[string, Record<string, string>, Parameters]>([
    ['none', {}, []],
    ['one in both places', { authorization: BASIC }, FORM],
    ['one in the form without an identifier', {}, FORM.slice(1)],
    ['one beside an assertion', {}, [...FORM, ['client_assertion', 'a.b.c']]],
    ['one in a field beside an assertion', { authorization: BASIC }, [['client_assertion', 'a.b.c']]],
    ['one of another identifier than the form names', { authorization: BASIC }, [['client_id', 'other']]],
    ['one of no identifier', { authorization: basic(':secret') }, []],
    ['one in a field that only lenient decoders read', { authorization: `${BASIC}=` }, []],
    ['a token', { authorization: 'Bearer books' }, []],
    ['one that a page sends', { authorization: BASIC, origin: 'https://books.example.com' }, []],
    ['one beside an attestation', { authorization: BASIC, 'oauth-client-attestation': 'a' }, []],
  ])('is not there where the request presents %s', (_, headers, parameters) => {
    expect(secretOf(headers, parameters)).toBeUndefined();
  });
});
