import { describe, expect, test } from '@jest/globals';
import { withoutOwnFrames } from '../../../src/core/errors/host-frames.js';
import { withoutStack } from '../../../src/core/errors/without-stack.js';
import * as errors from '../../../src/core/errors.js';
import {
  AccessDeniedError,
  ConfigurationError,
  InsufficientScopeError,
  InvalidRequestError,
  InvalidTokenError,
  OAuth2Error,
  TemporarilyUnavailableError,
  ThrottledError,
} from '../../../src/core/errors.js';

/** What `error.property = value` does in strict mode; a `TypeError` leaves the error as it is. */
function assign(error: object, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    try {
      (error as Record<string, unknown>)[name] = value;
    } catch (refused) {
      expect(refused).toBeInstanceOf(TypeError);
    }
  }
}

describe('OAuth2Error', () => {
  test('its JSON is error and error_description, whatever else it carries', () => {
    const error = new AccessDeniedError('No.', { detail: 'row 7 of users', cause: new Error('SELECT secret') });
    expect(JSON.stringify(error)).toBe('{"error":"access_denied","error_description":"No."}');
    expect(Object.keys(error)).toEqual(['code']);
  });

  test('what it says cannot be changed, nor can the details that it was made with', () => {
    const details = { requiredScopes: ['a'], detail: 'row 7' };
    const error = new InsufficientScopeError(details, 'No.');
    const stated = () => ({
      ...{ code: error.code, message: error.message, name: error.name, status: error.status },
      ...{ httpCode: error.httpCode, expose: error.expose, details: { ...error.details }, json: { ...error.toJSON() } },
    });
    const before = stated();
    assign(error, { code: 'x', message: 'x', name: 'x', status: 418, httpCode: 418, expose: false, details: {} });
    assign(error.details, { requiredScopes: ['b'], detail: 'x' });
    assign(error.toJSON(), { error: 'x' });
    details.detail = 'row 8';
    expect(stated()).toEqual(before);
    expect(before).toMatchObject({ code: 'insufficient_scope', status: 403, httpCode: 403, expose: true });
  });

  test('Koa and tools that watch errors may assign to it as they do to any error', () => {
    const error = new InvalidTokenError();
    Object.assign(error, { status: 500, expose: false, headerSent: true, watched: true });
    expect(error).toMatchObject({ status: 401, expose: true, headerSent: true, watched: true });
  });

  test('a subclass keeps its class, its name, also in its stack, and what it adds', () => {
    class Embargoed extends AccessDeniedError {
      readonly until = '2027-01-01';
    }
    const error = new Embargoed('Not yet.');
    expect(error).toBeInstanceOf(AccessDeniedError);
    expect(error).toBeInstanceOf(OAuth2Error);
    expect([error.name, error.code, error.until]).toEqual(['Embargoed', 'access_denied', '2027-01-01']);
    expect(error.stack?.split('\n')[0]).toBe('Embargoed: Not yet.');
  });

  test('[TH-51] a throttled error says in how many seconds a next try makes sense', () => {
    expect(new ThrottledError(19).message).toBe('Request was throttled. Expected available in 19 seconds.');
    expect(new ThrottledError(1).message).toBe('Request was throttled. Expected available in 1 second.');
  });

  test('what is unavailable for a moment says when to come back', () => {
    expect(new TemporarilyUnavailableError({}).details.retryAfterSeconds).toBe(1);
  });

  test('an invalid request may have another status', () => {
    expect(new InvalidRequestError('Too large.', { status: 413 }).status).toBe(413);
    expect(new InvalidRequestError('Broken.').status).toBe(400);
  });
});

test('every class of errors has one code, as a static member and on its instances', () => {
  const instances = [
    ...[new errors.AccessDeniedError(), new errors.AuthenticationRequiredError(), new ConfigurationError('No.')],
    ...[new InsufficientScopeError({}), new errors.InvalidClientError('No.'), new InvalidRequestError('No.')],
    ...[new errors.InvalidScopeError('No.'), new InvalidTokenError(), new errors.ServerError('x')],
    ...[new TemporarilyUnavailableError({}), new ThrottledError(1)],
    ...[new errors.InvalidDPoPProofError('No.'), new errors.UseDPoPNonceError('a')],
    new errors.InsufficientUserAuthenticationError({}),
  ];
  const classes = Object.values(errors).filter((one) => typeof one === 'function' && one !== OAuth2Error);
  expect(new Set(instances.map((one) => one.constructor))).toEqual(new Set(classes));
  for (const one of instances) expect((one.constructor as typeof ConfigurationError).code).toBe(one.code);
  expect(new Set(instances.map(({ code }) => code)).size).toBe(classes.length);
});

test('one that the guard makes itself has no stack, and leaves those of others as they are', () => {
  const limit = Error.stackTraceLimit;
  const error = withoutStack(AccessDeniedError, 'No.', { permission: 'Owner' });
  expect(error.stack).toBe('AccessDeniedError: No.');
  expect(error).toMatchObject({ status: 403, details: { permission: 'Owner' } });
  expect(Error.stackTraceLimit).toBe(limit);
  expect(new AccessDeniedError('No.').stack).toMatch(/AccessDeniedError: No\.\n +at /);
});

test('a constructor that throws leaves the stacks of others as they are, too', () => {
  const limit = Error.stackTraceLimit;
  class Broken extends AccessDeniedError {
    constructor() {
      super('No.');
      throw new TypeError('broken');
    }
  }
  expect(() => withoutStack(Broken)).toThrow('broken');
  expect(Error.stackTraceLimit).toBe(limit);
});

test.each<[() => OAuth2Error, number, string]>([
  [() => new errors.AuthenticationRequiredError(), 401, 'Authentication credentials were not provided.'],
  [() => new InvalidTokenError(), 401, 'The access token is invalid.'],
  [
    () => new InsufficientScopeError({}),
    403,
    'The request requires higher privileges than provided by the access token.',
  ],
  [
    () => new errors.InsufficientUserAuthenticationError({}),
    401,
    'A stronger or more recent authentication is required.',
  ],
  [() => new AccessDeniedError(), 403, 'You do not have permission to perform this action.'],
  [() => new errors.UseDPoPNonceError('a'), 401, 'The resource requires a nonce in the DPoP proof.'],
  [() => new ThrottledError(1), 429, 'Request was throttled. Expected available in 1 second.'],
  [() => new ThrottledError(2), 429, 'Request was throttled. Expected available in 2 seconds.'],
  [() => new TemporarilyUnavailableError({}), 503, 'The server is temporarily unable to decide on this request.'],
  [() => new errors.ServerError('x'), 500, 'The server met an unexpected condition.'],
])('without a description of its own, %s says what everybody may know', (make, status, description) => {
  const error = make();
  expect([error.status, error.message]).toEqual([status, description]);
});

test('[RFC 9449 §7.1] what is wrong with a proof is a challenge of the scheme DPoP, with the nonce where one is needed', () => {
  expect(new errors.InvalidDPoPProofError('No.').details).toEqual({ scheme: 'DPoP' });
  expect(new errors.UseDPoPNonceError('n1').details).toEqual({ scheme: 'DPoP', fields: { 'DPoP-Nonce': 'n1' } });
});

test('a throttled error has its seconds as a detail too, and a fault its cause', () => {
  expect(new ThrottledError(5).details.retryAfterSeconds).toBe(5);
  const cause = new Error('x');
  const fault = new errors.ServerError(cause);
  expect([fault.cause, fault.details.cause]).toEqual([cause, cause]);
  expect(new InvalidTokenError()).not.toHaveProperty('cause');
});

test('the members of an error cannot be replaced', () => {
  const error = new InvalidTokenError();
  for (const name of ['code', 'message', 'httpCode', 'details']) {
    expect(Object.getOwnPropertyDescriptor(error, name)).toMatchObject({ writable: false, configurable: false });
  }
});

test('of a mistake at start-up only its name is listed, and tools may replace what they read of it', () => {
  const error = new ConfigurationError('No.', { option: 'realm', fix: 'give a text' });
  expect(Object.keys(error)).toEqual(['name']);
  for (const [name, value] of Object.entries({ code: 'configuration_error', option: 'realm', fix: 'give a text' })) {
    expect(Object.getOwnPropertyDescriptor(error, name)).toEqual({
      ...{ value, enumerable: false, writable: true, configurable: true },
    });
  }
  expect(Object.getOwnPropertyDescriptor(error, 'stack')).toMatchObject({ writable: true, configurable: true });
});

test('the stack of a mistake at start-up has the frames of the host alone', () => {
  const own = new URL('../../../src/oauth2.js', import.meta.url);
  const stack = [
    'ConfigurationError: No,',
    'at all',
    '    at host (file:///app/main.js:1:2)',
    `    at createOAuth2 (${own.href}:3:4)`,
    ` at createOAuth2 (${own.pathname}:5:6)`,
    `which is about ${own.href}`,
    `x at ${own.href}`,
    '    at other (file:///app/other.js:7:8)',
  ].join('\n');
  expect(withoutOwnFrames(stack)).toBe(
    [
      'ConfigurationError: No,',
      'at all',
      '    at host (file:///app/main.js:1:2)',
      `which is about ${own.href}`,
      `x at ${own.href}`,
      '    at other (file:///app/other.js:7:8)',
    ].join('\n'),
  );
  expect(withoutOwnFrames(undefined)).toBeUndefined();
});
