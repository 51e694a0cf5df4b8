import { Authorized, Get, JsonController } from 'routing-controllers';
import { Public, Throttle } from '../../../src/public/index.js';

/** Actions to observe: guarded, public and throttled. */
@JsonController()
export class Shelf {
  @Authorized('read')
  @Get('/books/:id')
  book() {
    return {};
  }

  @Public()
  @Get('/open')
  open() {
    return {};
  }

  @Authorized('read')
  @Throttle('twice')
  @Get('/twice')
  twice() {
    return {};
  }
}

export const throttling = { policies: { twice: '2/hour' } };
