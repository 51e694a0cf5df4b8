import type { Knex } from 'knex';
import { Note } from './note.js';

/** The notes in the database. */
export class Notes {
  constructor(private readonly knex: Knex) {}

  async find(id: string): Promise<Note | undefined> {
    if (!/^[A-Za-z0-9_-]{1,40}$/.test(id)) return undefined;
    return Note.query(this.knex).findById(id);
  }
}
