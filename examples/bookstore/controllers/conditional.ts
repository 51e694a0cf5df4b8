import { Delete, Get, JsonController, Patch, Put } from 'routing-controllers';
import { Access, RequestAccess } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { ConditionalTokenScope, includesSensitive } from '../permissions.js';
import { Authorized, RequiredScopes } from '../scopes.js';

/** As a subclass of Django OAuth Toolkit's `TokenHasScope` with its own `get_scopes`: the request decides the scopes. */
@Service()
@RequiredScopes('api')
@Authorized(ConditionalTokenScope)
@JsonController('/api/conditional')
export class ConditionalController {
  @Get()
  get(@Access() access: RequestAccess) {
    return { data: 'content', ...(includesSensitive(access) && { sensitive: 'data' }) };
  }

  @Put()
  put() {
    return { message: 'replaced' };
  }

  @Patch()
  patch() {
    return { message: 'changed' };
  }

  @Delete()
  delete() {
    return { message: 'removed' };
  }
}
