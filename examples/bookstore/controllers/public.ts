import { CurrentUser, Get, JsonController } from 'routing-controllers';
import { Public } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import type { User } from '../users.js';

/** Open to everybody; who brings a good token or session is known all the same. */
@Service()
@JsonController('/api/public')
export class PublicController {
  @Public()
  @Get()
  get(@CurrentUser() user?: User) {
    return { user: user?.username ?? null };
  }
}
