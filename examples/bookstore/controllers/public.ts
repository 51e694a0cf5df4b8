import { Get, JsonController } from 'routing-controllers';
import { CurrentUser, Public } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import type { User } from '../users.js';

/** Open to everybody; a caller with a valid token or session is identified nevertheless. */
@Service()
@JsonController('/api/public')
export class PublicController {
  @Public()
  @Get()
  get(@CurrentUser() user?: User) {
    return { user: user?.username ?? null };
  }
}
