import { setTimeout as sleep } from 'node:timers/promises';
import { Get, JsonController } from 'routing-controllers';
import { Public, TemporarilyUnavailableError } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { Books } from '../models/books.js';

/** A database that takes longer to answer cannot serve a request either. */
const PATIENCE_MILLISECONDS = 2_000;

@Service()
@Public()
@JsonController()
export class HealthController {
  constructor(private readonly books: Books) {}

  /** Whether this process runs: if it does not answer, restart it. */
  @Get('/health')
  health() {
    return { status: 'ok' };
  }

  /**
   * Whether it can serve requests: while it answers 503, route requests to others. Redis may be down, since guards work
   * without it.
   */
  @Get('/ready')
  async ready() {
    const answered = await Promise.race([this.databaseAnswers(), sleep(PATIENCE_MILLISECONDS, false, { ref: false })]);
    if (!answered) throw new TemporarilyUnavailableError({ detail: 'The database does not answer.' });
    return { status: 'ready' };
  }

  private databaseAnswers(): Promise<boolean> {
    return this.books.list({ after: 0, limit: 1 }).then(
      () => true,
      () => false,
    );
  }
}
