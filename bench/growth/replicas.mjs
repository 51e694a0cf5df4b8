/** How far a replica of the database is behind, without `clear-expired` and beside it. */
import { setTimeout as pause } from 'node:timers/promises';
import createKnex from 'knex';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { quantile } from '../lib/summary.mjs';
import { measureClearing } from './clearing.mjs';
import { onOneConnection, openDatabase } from './databases.mjs';
import { withReplica } from './replicated.mjs';
import { seed } from './seed.mjs';

/** The time is written to the one and read from the other so often. */
const EVERY_MILLISECONDS = 10;
const PATIENCE_MILLISECONDS = 600_000;
const CLOCK = 'bench_clock';

/** Fills a database that has a replica, and deletes what has expired beside live traffic. */
export function measureReplica(kind, rows) {
  const fill = async (url) => {
    const oauth2 = createOAuth2({ database: url });
    await oauth2.migrate();
    await oauth2.close();
    const database = openDatabase(kind, url);
    try {
      await database.knex.schema.createTable(CLOCK, (table) => table.bigInteger('written_at_ms').notNullable());
      await database.knex(CLOCK).insert({ written_at_ms: 0 });
      await seed(database, rows);
    } finally {
      await database.close();
    }
  };
  return withReplica(kind, fill, async ({ primary, replica }) => {
    const lag = new Lag(createKnex(onOneConnection(kind, primary)), createKnex(onOneConnection(kind, replica)));
    const database = openDatabase(kind, primary);
    try {
      await lag.untilFollowed();
      lag.start();
      const { quiet, beside, ...cleared } = await measureClearing(database, primary, rows, (phase) => lag.begin(phase));
      const behind = await lag.stop();
      return { ...cleared, rows, server: await database.description(), behind };
    } finally {
      await database.close();
      await lag.close();
    }
  });
}

/** Writes the time to the primary again and again, and looks how old it is on the replica. */
class Lag {
  #observed = {};
  #phase;
  #isOver = false;
  #running;

  constructor(primary, replica) {
    this.primary = primary;
    this.replica = replica;
  }

  async untilFollowed() {
    const mark = Date.now();
    await this.#write(mark);
    for (const end = mark + PATIENCE_MILLISECONDS; (await this.#read()) !== mark; await pause(50)) {
      if (Date.now() > end) throw new Error('The replica has not come to what the primary had.');
    }
  }

  start() {
    this.#running = Promise.all([
      this.#again(() => this.#write(Date.now())),
      this.#again(async () => {
        const phase = this.#phase;
        const written = await this.#read();
        if (phase !== undefined) this.#observed[phase].push(Date.now() - written);
      }),
    ]);
  }

  /** What is observed from now on belongs to a phase. */
  begin(phase) {
    this.#observed[phase] = [];
    this.#phase = phase;
  }

  async stop() {
    this.#isOver = true;
    await this.#running;
    return Object.fromEntries(
      Object.entries(this.#observed).map(([phase, observed]) => [
        phase,
        {
          observations: observed.length,
          p50Milliseconds: quantile(observed, 0.5),
          p99Milliseconds: quantile(observed, 0.99),
          longestMilliseconds: Math.max(...observed),
        },
      ]),
    );
  }

  async close() {
    this.#isOver = true;
    await Promise.all([this.primary.destroy(), this.replica.destroy()]);
  }

  async #again(work) {
    while (!this.#isOver) {
      await work();
      await pause(EVERY_MILLISECONDS);
    }
  }

  async #write(time) {
    await this.primary(CLOCK).update({ written_at_ms: time });
  }

  /** On MariaDB the table comes with all that was written before. */
  async #read() {
    const row = await this.replica(CLOCK)
      .first('written_at_ms')
      .catch((error) => {
        if (error.code === 'ER_NO_SUCH_TABLE' || error.code === 'ER_BAD_DB_ERROR') return undefined;
        throw error;
      });
    return Number(row?.written_at_ms ?? 0);
  }
}
