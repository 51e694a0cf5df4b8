import type { Knex } from 'knex';
import { Book } from './models/book.js';
import { Note } from './models/note.js';

const NOTES = [
  { id: 'n1', user_id: 'alice', text: 'Ask the caterpillar for the way.' },
  { id: 'n2', user_id: 'bob', text: 'Can we fix it?' },
];

/** Creates the bookstore's own tables and its first notes, also if several processes start at once. */
export async function createTables(knex: Knex): Promise<void> {
  await createTable(knex, Book.tableName, (table) => {
    table.increments('id');
    table.string('title', 200).notNullable();
    table.string('author', 200).notNullable();
    table.integer('published_year');
  });
  await createTable(knex, Note.tableName, (table) => {
    table.string('id', 40).primary();
    table.string('user_id', 255).notNullable();
    table.text('text').notNullable();
  });
  await knex(Note.tableName).insert(NOTES).onConflict('id').ignore();
}

async function createTable(knex: Knex, name: string, columns: (table: Knex.CreateTableBuilder) => void): Promise<void> {
  if (await knex.schema.hasTable(name)) return;
  try {
    await knex.schema.createTable(name, (table) => {
      // Titles may be in any script, whatever the database's default character set.
      if (knex.client.driverName === 'mysql2') table.charset('utf8mb4');
      columns(table);
    });
  } catch (error) {
    // Another process was faster.
    if (!(await knex.schema.hasTable(name))) throw error;
  }
}
