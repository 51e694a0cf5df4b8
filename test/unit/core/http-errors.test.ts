import { describe, expect, test } from '@jest/globals';
import { httpErrorHeaders, httpErrorStatus } from '../../../src/core/http-errors.js';

const errorWith = (members: object) => Object.assign(new Error('x'), members);

describe('an error that defines its own response', () => {
  test.each([
    ['of routing-controllers', { httpCode: 404 }, 404],
    ['of http-errors', { status: 409, statusCode: 409, expose: true }, 409],
    ['of http-errors, not to be exposed', { status: 503, statusCode: 503, expose: false }, 503],
    ['with the lowest status', { httpCode: 400 }, 400],
    ['with the highest status', { httpCode: 599 }, 599],
  ])('%s has a status', (_name, members, status) => {
    expect(httpErrorStatus(errorWith(members))).toBe(status);
  });

  test.each([
    ['of an HTTP client, which has no expose', { status: 404, statusCode: 404 }],
    ['whose two statuses differ', { status: 404, statusCode: 403, expose: true }],
    ['with a status of success', { httpCode: 399 }],
    ['with a status that is none', { httpCode: 600 }],
    ['with a status that is no whole number', { httpCode: 404.5 }],
    ['with a status of text', { status: '404', statusCode: '404', expose: true }],
  ])('an error %s is a fault', (_name, members) => {
    expect(httpErrorStatus(errorWith(members))).toBeUndefined();
  });

  test('what is no error has no status, whatever its members', () => {
    expect(httpErrorStatus({ httpCode: 404 })).toBeUndefined();
    expect(httpErrorStatus(undefined)).toBeUndefined();
  });

  test('its header fields are text, or lists of text; empty ones are left out', () => {
    const headers = { 'Retry-After': 5, Allow: ['GET', 1], Empty: undefined, Null: null };
    expect(httpErrorHeaders(errorWith({ headers }))).toEqual({ 'Retry-After': '5', Allow: ['GET', '1'] });
    for (const none of [{}, { headers: null }, { headers: 'text' }]) {
      expect(httpErrorHeaders(errorWith(none))).toEqual({});
    }
  });
});
