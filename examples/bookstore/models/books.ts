import type { Knex } from 'knex';
import { Book } from './book.js';

/** The content of a book, without its id. */
export type BookContent = Pick<Book, 'title' | 'author' | 'publishedYear'>;

/** The books in the database. */
export class Books {
  constructor(private readonly knex: Knex) {}

  /** The next books after an id, in the order of their ids. */
  async list(page: { readonly after: number; readonly limit: number }): Promise<Book[]> {
    return this.query().where('id', '>', page.after).orderBy('id').limit(page.limit);
  }

  async find(id: number): Promise<Book | undefined> {
    return this.query().findById(id);
  }

  async create(content: BookContent): Promise<Book> {
    return this.query().insert(content);
  }

  /** The updated book, or `undefined` if there is none with this id. */
  async replace(id: number, content: BookContent): Promise<Book | undefined> {
    // MySQL does not count rows whose values stay the same, so the count does not show whether the book exists.
    await this.query().findById(id).patch(content);
    return this.find(id);
  }

  /** Whether the book existed. */
  async remove(id: number): Promise<boolean> {
    return (await this.query().deleteById(id)) === 1;
  }

  private query() {
    return Book.query(this.knex);
  }
}
