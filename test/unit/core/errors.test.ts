import { describe, expect, test } from '@jest/globals';
import {
  InvalidTokenError,
  OAuth2Error,
  TemporarilyUnavailableError,
  ThrottledError,
} from '../../../src/core/errors.js';

describe('OAuth2Error', () => {
  test('its JSON is error and error_description, whatever else it carries', () => {
    const error = new OAuth2Error('access_denied', 403, 'No.', {
      detail: 'row 7 of users',
      cause: new Error('SELECT secret'),
    });
    expect(JSON.stringify(error)).toBe('{"error":"access_denied","error_description":"No."}');
  });

  test('what Koa reads and assigns is writable and not enumerable', () => {
    const error = new InvalidTokenError();
    expect(Object.keys(error)).toEqual(['code']);
    error.status = 500;
    expect(error.status).toBe(500);
  });

  test('a subclass keeps its class, name and methods', () => {
    const error = new InvalidTokenError();
    expect(error).toBeInstanceOf(InvalidTokenError);
    expect(error).toBeInstanceOf(OAuth2Error);
    expect(error.name).toBe('InvalidTokenError');
    expect(error.toJSON()).toEqual({ error: 'invalid_token', error_description: 'The access token is invalid.' });
  });

  test('[TH-51] a throttled error says in how many seconds a next try makes sense', () => {
    expect(new ThrottledError(19).message).toBe('Request was throttled. Expected available in 19 seconds.');
    expect(new ThrottledError(1).message).toBe('Request was throttled. Expected available in 1 second.');
  });

  test('what is away for a moment says when to come back', () => {
    expect(new TemporarilyUnavailableError({}).details.retryAfterSeconds).toBe(1);
  });
});
