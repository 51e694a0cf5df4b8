import { Model, snakeCaseMappers } from 'objection';

/** A book in the shop. */
export class Book extends Model {
  static override tableName = 'bookstore_books';
  static override columnNameMappers = snakeCaseMappers();

  id!: number;
  title!: string;
  author!: string;
  publishedYear!: number | null;
}
