import { describe, expect, test } from '@jest/globals';
import { All, Delete, Get, JsonController, Post } from 'routing-controllers';
import { actionOfRoute, onlyActionOfRoute } from '../../../src/routing-controllers/routed-action.js';

class Inherited {
  @Get('/inherited')
  inherited() {}
}

@JsonController('/shelves')
class Shelves extends Inherited {
  @Get()
  list() {}

  @Post('/')
  add() {}

  @Get('/:id/')
  show() {}

  @All('/any')
  any() {}

  @Delete('/twice')
  once() {}

  @Delete('/twice')
  again() {}
}

@JsonController()
class Root {
  @Get('/:id')
  anything() {}

  @Post('/nested/shelves')
  nested() {}

  @Get('/nested/leaves')
  leaves() {}
}

@JsonController('/leaves')
class Leaves {
  @Get()
  list() {}
}

describe('the action of a route', () => {
  test.each([
    ['GET', '/shelves', Shelves, 'list', 'GET'],
    ['GET', '/shelves/', Shelves, 'list', 'GET'],
    ['GET', '/api/shelves', Shelves, 'list', 'GET'],
    ['HEAD', '/shelves', Shelves, 'list', 'GET'],
    ['POST', '/shelves', Shelves, 'add', 'POST'],
    ['POST', '/shelves/', Shelves, 'add', 'POST'],
    ['GET', '/shelves/:id', Shelves, 'show', 'GET'],
    ['GET', '/shelves/:id/', Shelves, 'show', 'GET'],
    ['PATCH', '/shelves/any', Shelves, 'any', 'ALL'],
    ['OPTIONS', '/shelves/any', Shelves, 'any', 'ALL'],
    ['GET', '/:id', Root, 'anything', 'GET'],
    ['POST', '/nested/shelves', Root, 'nested', 'POST'],
    ['GET', '/nested/leaves', Root, 'leaves', 'GET'],
    ['GET', '/leaves', Leaves, 'list', 'GET'],
  ])('is the one with its verb and path: %s %s', (requestMethod, path, controller, method, verb) => {
    expect(actionOfRoute(requestMethod, path)).toEqual({ controller: controller.name, method, verb });
    expect(onlyActionOfRoute(requestMethod, path)).toMatchObject({ target: controller, method });
  });

  test.each([
    ['another verb', 'PUT', '/shelves'],
    ['HEAD for what is no GET', 'HEAD', '/shelves/twice'],
    ['another path', 'GET', '/shelves/unknown/path'],
    ['a path that only ends with the same letters', 'POST', '/bookshelves'],
    ['two actions with one route', 'DELETE', '/shelves/twice'],
    ['an action of a class that is no controller', 'GET', '/inherited'],
  ])('is not known for %s', (_what, requestMethod, path) => {
    expect(onlyActionOfRoute(requestMethod, path)).toBeUndefined();
    expect(actionOfRoute(requestMethod, path)).toEqual({ controller: '', method: '', verb: requestMethod });
  });
});
