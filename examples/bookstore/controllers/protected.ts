import { Get, JsonController } from 'routing-controllers';
import { Access, authenticationContext, CurrentUser, IsAuthenticated, RequestAccess } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { AdminOrTokenHasScope } from '../permissions.js';
import { Authorized, RequiredScopes } from '../scopes.js';
import type { User } from '../users.js';

/** As a DRF `APIView` with `TokenHasScope`, and two more actions that differ in their permission only. */
@Service()
@JsonController('/api')
export class ProtectedController {
  @Authorized('api')
  @Get('/protected')
  protected(@Access() access: RequestAccess, @CurrentUser() user?: User) {
    return { user: user?.username ?? null, scopes: access.scopes };
  }

  /** A user is needed: a token of an application alone is refused. */
  @Authorized(IsAuthenticated)
  @Get('/user-only')
  userOnly(@CurrentUser() user: User) {
    return { user: user.username };
  }

  /** The user has entered the password within the last five minutes (step-up, RFC 9470). */
  @Authorized(['api', authenticationContext({ maxAgeSeconds: 300 })])
  @Get('/recent-login')
  recentLogin(@Access() access: RequestAccess, @CurrentUser() user: User) {
    return { user: user.username, acr: access.token?.acr ?? null };
  }

  @RequiredScopes('admin')
  @Authorized(AdminOrTokenHasScope)
  @Get('/admin-or-scope')
  adminOrScope(@CurrentUser() user?: User) {
    return { user: user?.username ?? null, is_staff: user?.isStaff ?? false };
  }
}
