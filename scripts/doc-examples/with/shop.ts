import { Type } from 'class-transformer';
import { IsString, Length, ValidateNested } from 'class-validator';
import { Body, HttpCode, QueryParams } from 'routing-controllers';

class Author {
  name = '';
}
class Book {
  title = '';
}
class BookFilter {
  title?: string;
}
class Page<Item> {
  items!: Item[];
}
declare const books: {
  add(book: object): Promise<Book>;
  page(filter: BookFilter): Promise<BookPage>;
};
