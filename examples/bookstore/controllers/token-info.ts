import { Get, JsonController } from 'routing-controllers';
import { CurrentToken, CurrentUser, RequiredScopes, type VerifiedToken } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import type { User } from '../users.js';

/** As a DRF `APIView` that returns `request.auth`: any valid token may read what is stored about it. */
@Service()
@RequiredScopes()
@JsonController('/api/token-info')
export class TokenInfoController {
  @Get()
  get(@CurrentToken({ required: true }) token: VerifiedToken, @CurrentUser() user?: User) {
    return {
      token_info: {
        scopes: token.scopes,
        application: token.applicationName ?? null,
        expires_at: new Date(token.expiresAtMilliseconds).toISOString(),
        is_expired: token.expiresAtMilliseconds <= Date.now(),
        user: user?.username ?? null,
      },
      user_info:
        user === undefined ? null : { id: user.id, username: user.username, email: user.email, is_staff: user.isStaff },
    };
  }
}
