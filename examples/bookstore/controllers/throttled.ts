import { Get, JsonController } from 'routing-controllers';
import { CurrentUser, Public, Throttle } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { Authorized } from '../scopes.js';
import type { User } from '../users.js';

/** As DRF's `UserRateThrottle` and `AnonRateThrottle`, on a guarded and on a public action. */
@Service()
@Throttle('user', 'anon')
@JsonController('/api')
export class ThrottledController {
  @Authorized('api')
  @Get('/throttled')
  throttled() {
    return { message: 'throttled endpoint' };
  }

  /** A caller without credentials has the budget of its address. */
  @Public()
  @Get('/open')
  open(@CurrentUser() user?: User) {
    return { message: 'open endpoint', user: user?.username ?? null };
  }
}
