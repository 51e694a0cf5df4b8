import { Authorized, Body, Get, JsonController, Post } from 'routing-controllers';
import { CurrentToken, Public, Throttle, type VerifiedToken } from 'routing-controllers-oauth2';

const titles = ['Emma'];

@JsonController('/books')
export class BookController {
  @Authorized('books:read')
  @Get('/')
  list(@CurrentToken() token: VerifiedToken) {
    return { reader: token.userId ?? token.clientId, titles };
  }

  @Authorized('books:write')
  @Throttle('additions')
  @Post('/')
  add(@Body() { title }: { title: string }) {
    titles.push(title);
    return { titles };
  }

  @Public()
  @Throttle('anon')
  @Get('/count')
  count() {
    return { count: titles.length };
  }
}
