import { TurnBatch } from '../../core/turn-batch.js';
import { storageError } from '../database-errors.js';
import type { PooledConnection } from '../statements/connection-source.js';
import type { PooledStatement } from '../statements/pooled-statement.js';
import { type AccessTokenRow, accessTokenRow, DIGEST_INDEX, type RowValues, SERVER_TIME_INDEX } from '../token-row.js';

/** The statement of the hot path for a number of tokens. */
export interface RowsStatement<Connection extends PooledConnection> {
  readonly tokens: number;
  readonly statement: PooledStatement<Connection>;
}

interface Question {
  readonly tokenHash: Buffer;
  readonly answer: (row: AccessTokenRow | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Reads through pooled connections of an asynchronous driver. What is asked in one turn of the event loop is asked
 * together: under load, most of a look-up is the way to the database and back, whatever the number of tokens.
 */
export class DriverTokenReader<Connection extends PooledConnection> {
  private readonly questions: TurnBatch<Question>;

  /** @param statements ascending by their number of tokens; the first is for one */
  constructor(
    private readonly statements: readonly RowsStatement<Connection>[],
    private readonly heedServerTime?: (nowMilliseconds: number) => void,
  ) {
    const most = Math.max(...statements.map(({ tokens }) => tokens));
    this.questions = new TurnBatch(most, (questions) => void this.ask(questions));
  }

  read(tokenHash: Buffer): Promise<AccessTokenRow | undefined> {
    return new Promise((answer, fail) => this.questions.add({ tokenHash, answer, fail }));
  }

  private async ask(questions: readonly Question[]): Promise<void> {
    try {
      const rows = await this.rowsOf(questions.map(({ tokenHash }) => tokenHash));
      const [first] = rows;
      // The value after the columns of the row; see `rowStatement`.
      if (first !== undefined) this.heedServerTime?.(Number(first[SERVER_TIME_INDEX]));
      const byDigest = new Map(rows.map((values) => [String(values[DIGEST_INDEX]).toLowerCase(), values]));
      for (const { tokenHash, answer } of questions) {
        const values = byDigest.get(tokenHash.toString('hex'));
        answer(values === undefined ? undefined : accessTokenRow(values));
      }
    } catch (error) {
      const reason = storageError(error);
      for (const { fail } of questions) fail(reason);
    }
  }

  /** The rows in any order, by the smallest statement that is large enough; its other places repeat a digest. */
  private async rowsOf(hashes: Buffer[]): Promise<readonly RowValues[]> {
    const fitting = this.statements.find(({ tokens }) => tokens >= hashes.length) as RowsStatement<Connection>;
    while (hashes.length < fitting.tokens) hashes.push(hashes[0] as Buffer);
    return (await fitting.statement.run(hashes)).rows;
  }
}
