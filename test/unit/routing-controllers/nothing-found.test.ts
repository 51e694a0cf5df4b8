import 'reflect-metadata';
import { describe, expect, test } from '@jest/globals';
import { type Action, Get, HttpCode, HttpError, JsonController, NotFoundError, OnUndefined } from 'routing-controllers';
import type { GuardedAction } from '../../../src/resource-server/permissions/permission.js';
import { nothingFound } from '../../../src/routing-controllers/nothing-found.js';
import { type RequestState, STATE } from '../../../src/routing-controllers/request-state.js';
import { contextOf, planOf } from '../../support/guard/guard.js';

class Gone extends HttpError {
  constructor(readonly action: Action) {
    super(410, 'It was here once.');
  }
}

@JsonController('/leaflets')
class Leaflets {
  @Get('/plain')
  plain() {}

  @OnUndefined(Gone)
  @Get('/gone')
  gone() {}

  @OnUndefined(402)
  @Get('/paid')
  paid() {}

  @OnUndefined(400)
  @Get('/least')
  least() {}

  @OnUndefined(399)
  @Get('/nearly')
  nearly() {}

  @OnUndefined(204)
  @Get('/empty')
  empty() {}

  @OnUndefined(402)
  @HttpCode(410)
  @Get('/coded')
  coded() {}

  @HttpCode(410)
  @Get('/only-coded')
  onlyCoded() {}
}

const actionOf = (method: string): GuardedAction => ({ ...planOf(undefined).action, controller: Leaflets, method });

describe('the error for an entity that there is not', () => {
  test.each([
    ['plain', 404],
    ['gone', 410],
    ['paid', 402],
    ['least', 400],
    ['nearly', 404],
    ['empty', 404],
    ['coded', 402],
  ])('is that of the action’s @OnUndefined, if that is an error: %s', (method, status) => {
    expect(nothingFound(contextOf(), actionOf(method))).toMatchObject({ httpCode: status });
    // A checker knows the route alone.
    const routed = Object.assign(contextOf(`/leaflets/${method}`), { routerPath: `/leaflets/${method}` });
    expect(nothingFound(routed, actionOf(''))).toMatchObject({ httpCode: status });
  });

  test('is not that of a success', () => {
    expect(nothingFound(contextOf(), actionOf('onlyCoded'))).toBeInstanceOf(NotFoundError);
  });

  test('is 404 where the route is that of no action', () => {
    const routed = Object.assign(contextOf('/elsewhere'), { routerPath: '/elsewhere' });
    expect(nothingFound(routed, actionOf(''))).toBeInstanceOf(NotFoundError);
    expect(nothingFound(contextOf('/leaflets/gone'), actionOf(''))).toBeInstanceOf(NotFoundError);
  });

  test('is made of the request, as routing-controllers makes it', () => {
    const context = contextOf();
    const { request, response } = context;
    expect(nothingFound(context, actionOf('gone'))).toHaveProperty('action', { request, response, context });
    const action: Action = { request, response, context };
    const state: RequestState = {
      guard: { identify: () => Promise.reject() },
      plan: planOf(undefined),
      access: undefined,
      action,
    };
    Object.assign(context, { [STATE]: state });
    expect((nothingFound(context, actionOf('gone')) as Gone).action).toBe(action);
  });
});
