import 'reflect-metadata';
import { Body, Get, JsonController, Post } from 'routing-controllers';
import { Authorized, CurrentUser, Public, Throttle } from 'routing-controllers-oauth2';

/** What the tests beside are about. */
@JsonController('/books')
export class BookController {
  private readonly titles = ['Emma'];

  @Authorized('books:read')
  @Get()
  list(@CurrentUser() user: { readonly id: string } | undefined) {
    return { reader: user?.id ?? null, titles: this.titles };
  }

  @Authorized('books:write')
  @Throttle({ name: 'new-books', rate: '1/hour' })
  @Post()
  add(@Body() book: { readonly title: string }) {
    this.titles.push(book.title);
    return book;
  }

  @Public()
  @Get('/count')
  count() {
    return { count: this.titles.length };
  }
}

/** The scopes of the application. */
export const scopes = { 'books:read': 'See books', 'books:write': 'Add books' };
