import { expect, test } from '@jest/globals';
import { Authorized, Get, getMetadataArgsStorage } from 'routing-controllers';
import { responseHandlersMetadata } from '../../../src/routing-controllers/metadata-index.js';

test('an @Authorized that takes the place of one that was removed is found', () => {
  class Before {
    @Authorized('a')
    @Get('/before')
    get() {}
  }
  expect(responseHandlersMetadata.of(Before, 'get')).toHaveLength(1);
  const { responseHandlers } = getMetadataArgsStorage();
  const length = responseHandlers.length;
  responseHandlers.splice(
    responseHandlers.findIndex(({ target }) => target === Before),
    1,
  );
  class After {
    @Authorized('b')
    @Get('/after')
    get() {}
  }
  expect(responseHandlers).toHaveLength(length);
  expect(responseHandlersMetadata.of(After, 'get')).toHaveLength(1);
  expect(responseHandlersMetadata.of(Before, 'get')).toEqual([]);
});
