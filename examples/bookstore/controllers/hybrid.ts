import { Get, JsonController } from 'routing-controllers';
import { Access, CurrentUser, IsAuthenticatedOrTokenHasScope, RequestAccess } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { Authorized, RequiredScopes } from '../scopes.js';
import type { User } from '../users.js';

/** As with Django OAuth Toolkit's `IsAuthenticatedOrTokenHasScope`: a session, or a token with the scope. */
@Service()
@RequiredScopes('api')
@Authorized(IsAuthenticatedOrTokenHasScope)
@JsonController('/api/hybrid')
export class HybridController {
  @Get()
  get(@Access() access: RequestAccess, @CurrentUser() user?: User) {
    return { user: user?.username ?? null, auth_type: access.authType };
  }
}
