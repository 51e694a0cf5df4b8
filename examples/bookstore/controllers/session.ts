import { IsString, Length } from 'class-validator';
import type { Context, Next } from 'koa';
import { Body, Ctx, Delete, JsonController, OnUndefined, Post, UseBefore } from 'routing-controllers';
import { Access, endSession, Public, RequestAccess, startSession } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { ApiError } from '../api-error.js';
import { HasSession } from '../permissions.js';
import { Authorized } from '../scopes.js';
import { SignInBudget } from '../sign-in-budget.js';
import { authenticateUser } from '../users.js';
import { shallowBody } from './shallow-body.js';

/** The credentials of a user. */
class Credentials {
  @IsString()
  @Length(1, 128)
  username!: string;

  @IsString()
  @Length(1, 128)
  password!: string;
}

/** A page of another origin can post a form, but not JSON, so it cannot sign a visitor in as somebody else. */
function jsonOnly(context: Context, next: Next): Promise<unknown> {
  if (context.is('application/json') !== 'application/json') {
    throw new ApiError(415, 'unsupported_media_type', 'Send the credentials as application/json.');
  }
  return next();
}

@Service()
@JsonController('/session')
export class SessionController {
  constructor(private readonly budget: SignInBudget) {}

  @Public()
  @UseBefore(jsonOnly, shallowBody)
  @Post()
  async signIn(@Body() credentials: Credentials, @Access() access: RequestAccess, @Ctx() context: Context) {
    context.set('Cache-Control', 'no-store');
    if (!(credentials instanceof Credentials)) {
      throw new ApiError(400, 'invalid_request', 'The body must be one JSON object.');
    }
    const { username, password } = credentials;
    const user = await this.budget.spend(access.address(), () => authenticateUser(username, password));
    if (user === undefined) {
      throw new ApiError(401, 'invalid_credentials', 'The username or the password is wrong.', {
        // A 401 has a challenge (RFC 9110 §15.5.2); this scheme is the bookstore's own.
        'WWW-Authenticate': 'Session realm="bookstore"',
        'Cache-Control': 'no-store',
      });
    }
    return { user: user.username, csrf_token: await startSession(context, user.id) };
  }

  @Authorized(HasSession)
  @OnUndefined(204)
  @Delete()
  signOut(@Ctx() context: Context): void {
    endSession(context);
  }
}
