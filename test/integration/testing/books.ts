import 'reflect-metadata';
import { Authorized, Body, CurrentUser, Delete, Get, JsonController, Param, Post } from 'routing-controllers';
import {
  Access,
  authenticationContext,
  IsAuthenticated,
  type Permission,
  Public,
  type RequestAccess,
  Throttle,
} from '../../../src/public/index.js';

/** What the bodies of actions have done. */
export const done: string[] = [];

/** Refuses everything but books of the caller's own. */
export class OwnBooks implements Permission {
  hasPermission(): boolean {
    return true;
  }

  hasObjectPermission({ userId }: RequestAccess, _action: unknown, book: unknown): boolean {
    return (book as { readonly owner: string }).owner === userId;
  }
}

/** A fault of the host. */
export class Broken implements Permission {
  hasPermission(): boolean {
    throw new RangeError('the permission is broken');
  }
}

@JsonController('/books')
export class BookController {
  @Public()
  @Get('/count')
  count() {
    return { count: 2 };
  }

  @Authorized('books:read')
  @Get('/')
  list(@CurrentUser() user: object | undefined, @Access() access: RequestAccess) {
    return { user: user ?? null, client: access.clientId ?? null };
  }

  @Authorized(['books:write'])
  @Post('/')
  create(@Body() book: object) {
    done.push('create');
    return book;
  }

  @Authorized([IsAuthenticated, OwnBooks, 'books:write'])
  @Delete('/:owner')
  async remove(@Param('owner') owner: string, @Access() access: RequestAccess) {
    await access.checkObject({ owner });
    done.push('remove');
    return { removed: owner };
  }

  @Authorized(['books:read', authenticationContext({ acr: ['otp'], maxAgeSeconds: 300 })])
  @Get('/secret')
  secret() {
    return { secret: true };
  }

  @Authorized('books:read')
  @Throttle({ name: 'rare', rate: '2/m' })
  @Get('/rare')
  rare() {
    return { rare: true };
  }

  @Authorized(Broken)
  @Get('/broken')
  broken() {
    return {};
  }
}

export const SCOPES = { 'books:read': 'See books', 'books:write': 'Change books' };
