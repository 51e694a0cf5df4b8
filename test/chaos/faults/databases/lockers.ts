import { setTimeout as pause } from 'node:timers/promises';

/** One connection to a database. */
export interface Session {
  run(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

/**
 * What somebody does who reads and locks tokens in the order that is the reverse of the application's: refresh tokens first and
 * then their grants. The rows that it writes besides make it the dearer one to roll back, so that often the application is
 * the one whose transaction ends.
 */
const TRANSACTION = [
  'INSERT INTO chaos_noise (note) SELECT token_hash FROM oauth2_refresh_tokens LIMIT 20',
  'SELECT id FROM oauth2_refresh_tokens ORDER BY id DESC LIMIT 4 FOR UPDATE',
  undefined,
  "UPDATE oauth2_server_records SET updated_at_ms = updated_at_ms + 1 WHERE kind = 'Grant'",
];

/** Takes locks again and again until it is stopped. */
export class Lockers {
  #running: Promise<unknown> | undefined;
  #stopped = false;

  start(open: () => Promise<Session>): void {
    this.#stopped = false;
    this.#running = this.#disturb(open);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #disturb(open: () => Promise<Session>): Promise<void> {
    const session = await open();
    while (!this.#stopped) {
      try {
        await session.run('BEGIN');
        for (const statement of TRANSACTION) {
          if (statement === undefined) await pause(15);
          else await session.run(statement);
        }
        await session.run('COMMIT');
      } catch {
        // It was the one that ended.
        await session.run('ROLLBACK');
      }
      await pause(5);
    }
    await session.end();
  }
}
