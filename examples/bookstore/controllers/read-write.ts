import { Get, JsonController, Post } from 'routing-controllers';
import { TokenHasReadWriteScope, TokenHasResourceScope } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { Authorized, RequiredScopes } from '../scopes.js';

/** As with Django OAuth Toolkit's `TokenHasReadWriteScope`: the method decides between `read` and `write`. */
@Service()
@Authorized(TokenHasReadWriteScope)
@JsonController('/api/read-write')
export class ReadWriteController {
  @Get()
  get() {
    return { data: 'content' };
  }

  @Post()
  post() {
    return { message: 'created' };
  }
}

/** As with its `TokenHasResourceScope`, for one resource: `music:read` and `music:write`. */
@Service()
@RequiredScopes('music')
@Authorized(TokenHasResourceScope)
@JsonController('/api/music')
export class MusicController {
  @Get()
  get() {
    return { data: ['Jabberwocky'] };
  }

  @Post()
  post() {
    return { message: 'created' };
  }
}
