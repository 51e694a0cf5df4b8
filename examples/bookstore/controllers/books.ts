import type { Context } from 'koa';
import {
  Body,
  Ctx,
  Delete,
  Get,
  HttpCode,
  JsonController,
  OnUndefined,
  Post,
  Put,
  UseBefore,
} from 'routing-controllers';
import { Service } from 'typedi';
import { notFound } from '../api-error.js';
import type { Book } from '../models/book.js';
import { Books } from '../models/books.js';
import { Authorized } from '../scopes.js';
import { BookBody, BookId, contentOf, type Page, PageOfList, STRICT } from './book-input.js';
import { shallowBody } from './shallow-body.js';

/** As DRF's `ModelViewSet`: scopes of the class and of each action add up, e.g. `books books:read`. */
@Service()
@Authorized('books')
@UseBefore(shallowBody)
@JsonController('/books')
export class BooksController {
  constructor(private readonly books: Books) {}

  @Authorized('books:read')
  @Get()
  async list(@PageOfList() page: Page) {
    return (await this.books.list(page)).map(present);
  }

  @Authorized('books:read')
  @Get('/:id')
  async get(@BookId() id: number) {
    return present(existing(await this.books.find(id)));
  }

  @Authorized('books:write')
  @HttpCode(201)
  @Post()
  async create(@Body(STRICT) body: BookBody, @Ctx() context: Context) {
    const book = await this.books.create(contentOf(body));
    context.set('Location', `/books/${book.id}`);
    return present(book);
  }

  @Authorized('books:write')
  @Put('/:id')
  async replace(@BookId() id: number, @Body(STRICT) body: BookBody) {
    return present(existing(await this.books.replace(id, contentOf(body))));
  }

  @Authorized('books:write')
  @OnUndefined(204)
  @Delete('/:id')
  async delete(@BookId() id: number): Promise<void> {
    if (!(await this.books.remove(id))) throw notFound('book');
  }
}

function existing(book: Book | undefined): Book {
  if (book === undefined) throw notFound('book');
  return book;
}

function present({ id, title, author, publishedYear }: Book) {
  return { id, title, author, publishedYear };
}
