import { Body, Get, JsonController, Post } from 'routing-controllers';
import { Authorized } from 'routing-controllers-oauth2';

@JsonController('/books')
export class BookController {
  @Authorized('books:read')
  @Get('/')
  list(): string[] {
    return ['Emma'];
  }

  @Authorized('books:write')
  @Post('/')
  create(@Body() book: object): object {
    return book;
  }
}
