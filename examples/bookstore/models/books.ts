import type { Knex } from 'knex';
import { Book } from './book.js';

/** What a book is made of, without its number. */
export type BookContent = Pick<Book, 'title' | 'author' | 'publishedYear'>;

/** The books in the database. */
export class Books {
  constructor(private readonly knex: Knex) {}

  /** The next books after a number, in the order of their numbers. */
  async list(page: { readonly after: number; readonly limit: number }): Promise<Book[]> {
    return this.query().where('id', '>', page.after).orderBy('id').limit(page.limit);
  }

  async find(id: number): Promise<Book | undefined> {
    return this.query().findById(id);
  }

  async create(content: BookContent): Promise<Book> {
    return this.query().insert(content);
  }

  /** The book as it is now, or `undefined` if there is none with this number. */
  async replace(id: number, content: BookContent): Promise<Book | undefined> {
    // MySQL counts rows that were the same before as not changed, so that the count does not tell.
    await this.query().findById(id).patch(content);
    return this.find(id);
  }

  /** Whether there was one. */
  async remove(id: number): Promise<boolean> {
    return (await this.query().deleteById(id)) === 1;
  }

  private query() {
    return Book.query(this.knex);
  }
}
