import { Get, JsonController, Post, Put } from 'routing-controllers';
import { TokenMatchesOASRequirements } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { Authorized } from '../scopes.js';

const requirements = new TokenMatchesOASRequirements({
  GET: [['read']],
  POST: [['create'], ['post', 'widget']],
  PUT: [['edit', 'update']],
});

/** As with Django OAuth Toolkit's `TokenMatchesOASRequirements`: alternatives by method, as in an OpenAPI document. */
@Service()
@Authorized(requirements)
@JsonController('/api/documented')
export class DocumentedController {
  @Get()
  get() {
    return { data: 'protected content' };
  }

  @Post()
  post() {
    return { message: 'created' };
  }

  @Put()
  put() {
    return { message: 'updated' };
  }
}
