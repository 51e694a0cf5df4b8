import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { userPrincipal } from '../../../src/core/principal.js';
import { verifiedToken } from '../../../src/core/verified-token.js';
import { RequestAccess } from '../../../src/resource-server/request-access.js';
import { accessEvent, actionOf } from '../../../src/routing-controllers/access-event.js';
import type { ActionPlan } from '../../../src/routing-controllers/plan.js';
import { contextOf } from '../../support/guard/guard.js';
import { token } from '../../support/permissions/access.js';
import { compilerOf, planOf } from '../../support/permissions/plans.js';

@JsonController('/event-books')
class Books {
  @Authorized('read')
  @Get('/')
  list() {}
}

const asked = { address: () => 'ip:192.0.2.1', requestId: () => 'r-1' };

/** The plan of a checker that cannot tell which action it is asked for. */
function nameless(): ActionPlan {
  return compilerOf().plan(
    { controller: Object, method: '', verb: 'ALL', path: '' },
    { isPublic: true, permissions: [], requiredScopes: undefined, throttles: [] },
  );
}

function byToken(verified: ReturnType<typeof verifiedToken>): RequestAccess {
  const authentication = { authType: 'oauth2', principal: userPrincipal('alice'), token: verified, userId: 'alice' };
  return new RequestAccess(contextOf('/event-books'), authentication, undefined as never, undefined);
}

describe('an event about a request names', () => {
  const plan = planOf(Books, 'list');
  const request = { action: plan.eventAction, requestId: 'r-1', requestMethod: 'HEAD', address: 'ip:192.0.2.1' };
  const nobody = { userId: undefined, clientId: undefined, issuer: undefined, subject: undefined };

  test('its action, its id, its method and where it came from, if nobody is known', () => {
    expect(accessEvent(contextOf('/event-books', {}, 'HEAD'), plan, undefined, asked)).toEqual({
      ...request,
      ...nobody,
    });
  });

  test('the user and the application of a token', () => {
    const event = accessEvent(contextOf('/event-books', {}, 'HEAD'), plan, byToken(token(['read'])), asked);
    expect(event).toEqual({ ...request, ...nobody, userId: 'alice', clientId: 'demo' });
  });

  test('a foreign issuer, and whom that issuer means', () => {
    const foreign = verifiedToken({ ...token([]), issuer: 'https://login.example', subject: 'a-1', userId: undefined });
    const event = accessEvent(contextOf('/event-books', {}, 'HEAD'), plan, byToken(foreign), asked);
    expect(event).toMatchObject({ issuer: 'https://login.example', subject: 'a-1', clientId: 'demo' });
  });

  test('no subject without an issuer to whom it belongs: the user says it already', () => {
    const own = verifiedToken({ ...token([]), subject: 'alice' });
    expect(accessEvent(contextOf('/event-books', {}, 'HEAD'), plan, byToken(own), asked)).toMatchObject({
      userId: 'alice',
      subject: undefined,
    });
  });
});

describe('the action of an event', () => {
  const at = (routerPath: unknown, method = 'GET') =>
    Object.assign(contextOf('/event-books', {}, method), { routerPath });

  test('is that of the plan, and not a copy, on its own route and without a router', () => {
    const plan = planOf(Books, 'list');
    expect(plan.eventAction).toEqual({ controller: 'Books', method: 'list', verb: 'GET', path: '/event-books/' });
    expect(actionOf(at('/event-books/'), plan)).toBe(plan.eventAction);
    expect(actionOf(contextOf('/event-books'), plan)).toBe(plan.eventAction);
  });

  test('has the path of the route that the request took, if the method has several', () => {
    const plan = planOf(Books, 'list');
    expect(actionOf(at('/shelf'), plan)).toEqual({ ...plan.eventAction, path: '/shelf' });
    expect(actionOf(at(/^\/shelf/), plan).path).toBe('/^\\/shelf/');
  });

  test('is found by the route where the plan does not know it', () => {
    expect(actionOf(at('/api/event-books/', 'HEAD'), nameless())).toEqual({
      ...{ controller: 'Books', method: 'list', verb: 'GET', path: '/api/event-books/' },
    });
    expect(actionOf(contextOf('/unknown'), nameless())).toEqual({
      ...{ controller: '', method: '', verb: 'GET', path: '' },
    });
  });
});
