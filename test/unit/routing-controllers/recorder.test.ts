import 'reflect-metadata';
import { expect, test } from '@jest/globals';
import { All, Get, JsonController, Param } from 'routing-controllers';
import { recordedActions } from '../../../src/routing-controllers/recorder.js';

class Base {
  @Get('/:id')
  show(@Param('id') id: string) {
    return id;
  }
}

@JsonController('/recorded')
class Recorded extends Base {
  @All('/any')
  any() {}
}

test('the actions of controllers are recorded as they would be served, inherited ones included', () => {
  const seen = recordedActions([Recorded], { routePrefix: '/api' }).map(({ action, metadata }) => [
    action,
    metadata.type,
  ]);
  const of = { controller: Recorded, needsUser: false };
  expect(seen).toEqual([
    [{ ...of, method: 'any', verb: 'ALL', path: '/api/recorded/any' }, 'all'],
    [{ ...of, method: 'show', verb: 'GET', path: '/api/recorded/:id' }, 'get'],
  ]);
  expect(recordedActions([Recorded])[1]?.action.path).toBe('/recorded/:id');
});
