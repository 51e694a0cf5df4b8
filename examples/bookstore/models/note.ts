import { Model, snakeCaseMappers } from 'objection';

/** A note that belongs to a user. */
export class Note extends Model {
  static override tableName = 'bookstore_notes';
  static override columnNameMappers = snakeCaseMappers();

  id!: string;
  userId!: string;
  text!: string;
}
