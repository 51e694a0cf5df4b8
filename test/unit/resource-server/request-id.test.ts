import { describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { type RequestIdSource, requestIdOf } from '../../../src/resource-server/request-id.js';

function idOf(source: RequestIdSource | undefined, request: { state?: object; headers?: object; url?: string }) {
  const { state = {}, headers = {}, url = '/' } = request;
  return requestIdOf(source)({ state, req: { headers, url } } as unknown as Context);
}

describe('the id of a request', () => {
  test('is what the host has put into the state, and no field of the request unless the option names it', () => {
    const request = { state: { requestId: 'a-1' }, headers: { 'x-request-id': 'b-2' } };
    expect(idOf(undefined, request)).toBe('a-1');
    expect(idOf(undefined, { headers: request.headers })).toBeUndefined();
    expect(idOf('X-Request-Id', request)).toBe('b-2');
    expect(idOf(() => 'c-3', request)).toBe('c-3');
  });

  test.each(['', 'a b', 'a\nb', 'é', '"', 'a'.repeat(129), 7, null, ['a']])('is not %j', (id) => {
    expect(idOf(undefined, { state: { requestId: id } })).toBeUndefined();
  });

  test('is no credential of the request, and no fault of the host', () => {
    expect(idOf('x-request-id', { headers: { 'x-request-id': 'tok', authorization: 'Bearer tok' } })).toBeUndefined();
    expect(idOf('x-request-id', { headers: { 'x-request-id': 'tok', cookie: 'session=tok' } })).toBeUndefined();
    expect(idOf('x-request-id', { headers: { 'x-request-id': 'tok' }, url: '/?access_token=tok' })).toBeUndefined();
    const failing = () => {
      throw new Error('no store');
    };
    expect(idOf(failing, {})).toBeUndefined();
  });
});
