import { describe, expect, test } from '@jest/globals';
import { All, Body, CurrentUser, Get, JsonController, Post } from 'routing-controllers';
import { actionName, needsUser } from '../../../src/routing-controllers/action-reference.js';
import { actionsOf } from '../../support/permissions/plans.js';

@JsonController()
class Root {
  @Get()
  root() {}

  @All(/\d+/)
  numbers() {}

  @Get('/optional')
  optional(@CurrentUser() _user: unknown) {}

  @Get('/mine')
  mine(@Body() _body: unknown, @CurrentUser({ required: true }) _user: unknown) {}

  @Post('/required')
  required(@Body({ required: true }) _body: unknown) {}
}

class Inherits extends Root {}

class Relaxes extends Root {
  override mine(@Body() _body: unknown) {}
}

describe('an action is known by', () => {
  test('its class, its method, its verb in upper case and its path with all prefixes', () => {
    const reference = { controller: Root, needsUser: false };
    expect(actionsOf(Root)).toMatchObject({
      root: { ...reference, method: 'root', verb: 'GET', path: '/' },
      numbers: { ...reference, method: 'numbers', verb: 'ALL', path: '/\\d+/' },
      required: { ...reference, method: 'required', verb: 'POST', path: '/required' },
    });
    expect(actionsOf(Root, '/api')).toMatchObject({ root: { path: '/api' }, required: { path: '/api/required' } });
  });

  test('a name in messages', () => {
    expect(actionName({ controller: Root, method: 'root', verb: 'GET', path: '/' })).toBe('Root.root (GET /)');
  });
});

describe('an action needs a user', () => {
  test('only if a parameter requires one: neither an optional user nor another required parameter is enough', () => {
    const { mine, optional, required, root } = actionsOf(Root);
    const needs = [mine, optional, required, root].map((action) => action?.needsUser);
    expect(needs).toEqual([true, false, false, false]);
  });

  test('also where the method is inherited, whose parameters routing-controllers drops', () => {
    expect(needsUser(Inherits, 'mine')).toBe(true);
  });

  test('by the parameters of the nearest class that has some', () => {
    expect(needsUser(Relaxes, 'mine')).toBe(false);
  });
});
