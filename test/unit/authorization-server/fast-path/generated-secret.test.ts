import { describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { claimedSecret } from '../../../../src/authorization-server/fast-path/generated-secret.js';
import { sha256 } from '../../../../src/core/digest.js';

const authorization = `Basic ${Buffer.from('books:secret').toString('base64')}`;

const claimedOn = (socket: object | undefined) =>
  claimedSecret({ req: { headers: { authorization }, socket } } as unknown as Context, []);

describe('the secret in the Basic field', () => {
  test.each([
    ['without a socket', undefined],
    ['on a socket that takes no notes', Object.freeze({})],
  ])('is read of a request %s', (_, socket) => {
    const claimed = { clientId: 'books', secret: 'secret', secretHash: sha256('secret') };
    expect(claimedOn(socket)).toEqual(claimed);
    expect(claimedOn(socket)).toEqual(claimed);
  });

  test('is read once on a connection', () => {
    const socket = {};
    expect(claimedOn(socket)).toBe(claimedOn(socket));
    expect(claimedOn({})).not.toBe(claimedOn(socket));
  });
});
