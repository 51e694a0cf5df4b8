import { describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { presentedClient } from '../../../../../src/authorization-server/http/request/presented-client.js';
import { sha256 } from '../../../../../src/core/digest.js';

const authorization = `Basic ${Buffer.from('books:secret').toString('base64')}`;

const presentedOn = (socket: object | undefined) =>
  presentedClient({ req: { headers: { authorization }, socket } } as unknown as Context, []);

describe('the credentials in the Basic field', () => {
  test.each([
    ['without a socket', undefined],
    ['on a socket that cannot be extended', Object.freeze({})],
  ])('are read of a request %s', (_, socket) => {
    const presented = { clientId: 'books', source: 'field', secret: 'secret', secretHash: sha256('secret') };
    expect(presentedOn(socket)).toEqual(presented);
    expect(presentedOn(socket)).toEqual(presented);
  });

  test('are read once on a connection', () => {
    const socket = {};
    expect(presentedOn(socket)).toBe(presentedOn(socket));
    expect(presentedOn({})).not.toBe(presentedOn(socket));
  });
});
