import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, get, post } from '../asking.js';
import type { ChaosDatabase } from '../databases/database.js';
import { REVOCATION_BOUND_MILLISECONDS } from '../protocol.js';
import type { ServerProcess } from '../server-process.js';
import { Stand } from '../stand.js';

/** The default: nothing is away here. */
const DATABASE_DEADLINE_MILLISECONDS = 5_000;

/** Two processes of a stand, between which races are played. */
export class Pair {
  readonly one: ServerProcess;
  readonly other: ServerProcess;

  private constructor(readonly stand: Stand) {
    [this.one, this.other] = stand.processes as [ServerProcess, ServerProcess];
  }

  static async start(database: () => Promise<ChaosDatabase>): Promise<Pair> {
    return new Pair(await Stand.start({ database, databaseDeadlineMilliseconds: DATABASE_DEADLINE_MILLISECONDS }));
  }

  /** What is asked of both at nearly the same moment. */
  both<Result>(ask: (process: ServerProcess) => Promise<Result>): Promise<Result[]> {
    return Promise.all([this.one, this.other].map(ask));
  }

  /** What a token is answered with, at both processes. */
  async told(token: string): Promise<string> {
    const answers = await this.both((process) => get(process, '/read', token));
    return answers.map(({ status }) => status).join(' ');
  }

  /** What is refused from an acknowledgement and the bound on. */
  async refused(token: string): Promise<string | undefined> {
    await pause(REVOCATION_BOUND_MILLISECONDS);
    const statuses = await this.told(token);
    return statuses === '401 401' ? undefined : `after the bound: ${statuses}`;
  }

  refresh(at: ServerProcess, refreshToken: string): Promise<Answer> {
    return post(at, 'token', this.stand.web, { grant_type: 'refresh_token', refresh_token: refreshToken });
  }
}
