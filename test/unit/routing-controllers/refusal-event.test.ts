import { describe, expect, test } from '@jest/globals';
import { HttpError } from 'routing-controllers';
import {
  AccessDeniedError,
  AuthenticationRequiredError,
  InsufficientScopeError,
  InsufficientUserAuthenticationError,
  InvalidDPoPProofError,
  InvalidRequestError,
  InvalidTokenError,
  ServerError,
  TemporarilyUnavailableError,
  ThrottledError,
  TOKEN_EXPIRED,
  UseDPoPNonceError,
} from '../../../src/core/errors.js';
import { AllowAny } from '../../../src/resource-server/permissions/is-authenticated.js';
import { RequestAccess } from '../../../src/resource-server/request-access.js';
import { reasonOf, refusalEvent } from '../../../src/routing-controllers/refusal-event.js';
import { contextOf, guardOf, planOf } from '../../support/guard/guard.js';

const plan = planOf([new AllowAny()]);
const { guard } = guardOf();
const asUser = {
  ...{ authType: 'key', userId: 'alice' },
  principal: { kind: 'user', id: 'alice', key: 'user:alice' } as const,
};

describe('the reason of a refusal', () => {
  const access = new RequestAccess(contextOf(), asUser, guard, plan);

  test.each([
    ['no_credentials', 'an AuthenticationRequiredError', new AuthenticationRequiredError()],
    ['invalid_request', 'an InvalidRequestError', new InvalidRequestError('Twice.')],
    ['invalid_token', 'an InvalidTokenError', new InvalidTokenError()],
    ['expired_token', 'an InvalidTokenError that says so', new InvalidTokenError(TOKEN_EXPIRED)],
    ['invalid_dpop_proof', 'an InvalidDPoPProofError', new InvalidDPoPProofError('Old.')],
    ['invalid_dpop_proof', 'a UseDPoPNonceError', new UseDPoPNonceError('n')],
    [
      'insufficient_user_authentication',
      'an InsufficientUserAuthenticationError',
      new InsufficientUserAuthenticationError({}),
    ],
    ['unavailable', 'a TemporarilyUnavailableError', new TemporarilyUnavailableError({})],
    ['fault', 'a ServerError', new ServerError(new Error('A fault.'))],
    ['http_error', 'an HttpError', new HttpError(404)],
    ['http_error', 'another error of the host', new Error('Of the host.')],
    ['csrf', 'an error that names it', new AccessDeniedError(undefined, { reason: 'csrf' })],
  ] as const)('is %s for %s, whether the caller is known or not', (reason, _what, error) => {
    expect(reasonOf(error, undefined, 'request')).toBe(reason);
    expect(reasonOf(error, access, 'request')).toBe(reason);
    expect(reasonOf(error, access, 'object')).toBe(reason);
  });

  test('is the budget of failed authentications where a throttle refuses before the caller is known', () => {
    expect(reasonOf(new ThrottledError(1), undefined, 'request')).toBe('failure_budget');
    expect(reasonOf(new ThrottledError(1), access, 'request')).toBe('throttled');
  });

  test('is that of authentication where anything else refuses before the caller is known', () => {
    expect(reasonOf(new AccessDeniedError(), undefined, 'request')).toBe('invalid_credentials');
    expect(reasonOf(new InsufficientScopeError({}), undefined, 'object')).toBe('invalid_credentials');
  });

  test('is a scope or another permission, and an entity before both', () => {
    expect(reasonOf(new InsufficientScopeError({}), access, 'request')).toBe('insufficient_scope');
    expect(reasonOf(new AccessDeniedError(), access, 'request')).toBe('permission');
    expect(reasonOf(new InsufficientScopeError({}), access, 'object')).toBe('object_permission');
    expect(reasonOf(new AccessDeniedError(), access, 'object')).toBe('object_permission');
  });
});

describe('the event of a refusal', () => {
  const asked = { address: () => 'ip:192.0.2.1', requestId: () => 'request-1' };
  const place = {
    ...{ action: plan.eventAction, requestId: 'request-1', requestMethod: 'GET', address: 'ip:192.0.2.1' },
    ...{ clientId: undefined, issuer: undefined, subject: undefined },
  };

  test('says where, who, and what is missing', async () => {
    const { guard } = guardOf({ authenticators: [{ authenticate: () => asUser }] });
    const context = contextOf();
    await guard.enter(context, plan);
    const details = { requiredScopes: ['a'], providedScopes: ['b'], permission: 'RequiresScopes' };
    const error = new InsufficientScopeError(details);
    expect(refusalEvent(context, plan, { error, status: 403 }, 'insufficient_scope', asked)).toEqual({
      ...{ ...place, ...details, reason: 'insufficient_scope', status: 403, error: 'insufficient_scope' },
      ...{ userId: 'alice', retryAfterSeconds: undefined },
    });
  });

  test('says whose the credentials were that were not sufficient', () => {
    const error = new AccessDeniedError(undefined, { userId: 'alice', reason: 'csrf' });
    const event = refusalEvent(contextOf(), plan, { error, status: 403 }, 'csrf', asked);
    expect(event).toMatchObject({ ...place, userId: 'alice', error: 'access_denied' });
  });

  test('says when to try again', () => {
    const error = new ThrottledError(7);
    expect(refusalEvent(contextOf(), plan, { error, status: 429 }, 'throttled', asked).retryAfterSeconds).toBe(7);
  });

  test('names an error of the host, of which nothing else is known', () => {
    const error = new HttpError(404, 'SELECT');
    expect(refusalEvent(contextOf(), plan, { error, status: 404 }, 'http_error', asked)).toEqual({
      ...{ ...place, reason: 'http_error', status: 404, error: 'Error', userId: undefined },
      ...{ requiredScopes: undefined, providedScopes: undefined, permission: undefined, retryAfterSeconds: undefined },
    });
  });
});
