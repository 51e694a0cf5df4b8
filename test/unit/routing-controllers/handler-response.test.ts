import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { type Action, HttpError, NotFoundError } from 'routing-controllers';
import { AccessDeniedError } from '../../../src/core/errors.js';
import { answerThroughHandler } from '../../../src/routing-controllers/handler-response.js';
import type { Refusal } from '../../../src/routing-controllers/refusal.js';
import { contextOf, guardOf, planOf } from '../../support/guard/guard.js';

const { refusals } = guardOf();
const plan = planOf(undefined);

let context: Context;
let action: Action;

function refusing(error: Error, isCertain: boolean): Refusal {
  const refusal = refusals.of(context, error, plan);
  answerThroughHandler(action, context, refusal, isCertain);
  return refusal;
}

/** As the default error handler of routing-controllers does: fields of the action, the body, then the status. */
function handle(error: Error, body: unknown, status = (error as HttpError).httpCode): void {
  const first = action.response as Context['response'];
  first.set('Cache-Control', 'public, max-age=3600');
  first.set('Vary', 'Accept-Language');
  action.response.body = body;
  action.response.status = status;
}

const sent = () => [context.status, context.res.getHeader('Cache-Control'), context.body];

beforeEach(() => {
  context = contextOf();
  action = { context, request: context.request, response: context.response };
});

describe('a refusal that passes through the default error handler', () => {
  const denied = new AccessDeniedError();

  test.each([
    ['in JSON', denied.toJSON()],
    ['in JSON that was copied', { ...denied.toJSON() }],
    ['in text, with its stack', denied.stack],
    ['in text, with its message', denied.message],
  ])('is written over what that handler says %s', (_how, body) => {
    refusing(denied, false);
    handle(denied, body);
    expect(sent()).toEqual([403, 'no-store', denied.toJSON()]);
  });

  test('is written over whatever the handler says where no action can run any more', () => {
    refusing(denied, true);
    handle(denied, 'Anything.');
    expect(sent()).toEqual([403, 'no-store', denied.toJSON()]);
  });

  test('is written when the status is set, and not before', () => {
    refusing(denied, true);
    void action.response;
    action.response.length = denied.status;
    expect(context.body).toBeUndefined();
    action.response.status = denied.status;
    expect(context.body).toEqual(denied.toJSON());
  });

  test('of the host has the body that the handler made of it', () => {
    for (const [error, body] of [
      [new HttpError(402, 'Pay first.'), { name: 'HttpError', message: 'Pay first.', more: 1 }],
      [Object.assign(new HttpError(451, 'Not here.'), { name: 'Legal' }), { name: 'Legal', message: 'Not here.' }],
      [new NotFoundError('Nothing here.'), { name: 'NotFoundError', message: 'Nothing here.' }],
      [Object.assign(new HttpError(402), { toJSON: () => ({ code: 7 }) }), { code: 7 }],
      [new HttpError(402, 'Pay first.'), 'Pay first.'],
    ] as const) {
      refusing(error, false);
      handle(error, body);
      expect(sent()).toEqual([error.httpCode, 'no-store', body]);
    }
  });

  test('keeps the fields that decided in Vary, beside those of the action', () => {
    context.res.setHeader('Vary', 'Authorization');
    refusing(denied, false);
    handle(denied, denied.toJSON());
    expect(context.res.getHeader('Vary')).toBe('Accept-Language, Authorization');
  });

  test('adds nothing to Vary where nothing decided', () => {
    refusing(denied, false);
    handle(denied, denied.toJSON());
    expect(context.res.getHeader('Vary')).toBe('Accept-Language');
  });
});

describe('an action that catches a refusal answers by itself', () => {
  const denied = new AccessDeniedError();
  const hidden = new HttpError(403, 'Hidden.');

  test.each<[string, Error, unknown, number]>([
    ['with another body', denied, { error: 'access_denied', error_description: 'Mine.' }, 403],
    ['with another text', denied, 'Mine.', 403],
    ['with nothing', denied, null, 403],
    ['with what is named like the refusal', denied, { name: denied.name }, 403],
    ['with another status', denied, denied.toJSON(), 200],
    ['with another body for an error of the host', hidden, { name: 'Mine' }, 403],
    [
      'with what another error of the host is shown as',
      Object.assign(new HttpError(403), { toJSON: () => ({ code: 7 }) }),
      { code: 8 },
      403,
    ],
    ['with nothing for an error of the host', hidden, undefined, 403],
    ['with another text for an error of the host', hidden, 'Mine.', 403],
  ])('%s', (_how, error, body, status) => {
    refusing(error, false);
    handle(error, body, status);
    expect(sent()).toEqual([status, 'public, max-age=3600', body]);
  });

  test('with the response itself, which is what it was', () => {
    refusing(denied, false);
    expect(action.response).toBe(context.response);
  });

  test('by all that a response can do', () => {
    refusing(denied, false);
    void action.response;
    action.response.set('X-Mine', 'yes');
    action.response.type = 'text/plain';
    expect([context.res.getHeader('X-Mine'), action.response.type, action.response.get('X-Mine')]).toEqual([
      'yes',
      'text/plain',
      'yes',
    ]);
    expect(action.response).toBe(action.response);
    expect(Object.keys(action)).toContain('response');
  });

  test('and may be refused again', () => {
    refusing(denied, false);
    const again = new AccessDeniedError('Again.');
    refusing(again, false);
    handle(again, again.toJSON());
    expect(context.body).toEqual(again.toJSON());
  });
});
