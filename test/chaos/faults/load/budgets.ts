import { get } from '../asking.js';
import type { Findings } from '../findings.js';
import { THROTTLE_LIMIT } from '../protocol.js';
import type { ServerProcess } from '../server-process.js';

/**
 * Requests of a throttled action by several callers with a budget each, of which one after the other is used up: whenever a
 * fault comes, some are used up, one is in use and others are whole.
 */
export class Budgets {
  readonly #admitted: Map<string, number>;
  readonly #tokens: readonly string[];
  #front = 0;

  constructor(
    tokens: readonly string[],
    private readonly findings: Findings,
  ) {
    this.#tokens = tokens;
    this.#admitted = new Map(tokens.map((token) => [token, 0]));
  }

  /** The most that was admitted of one caller beyond the limit. */
  get exceeded(): number {
    return Math.max(0, ...[...this.#admitted.values()].map((admitted) => admitted - THROTTLE_LIMIT));
  }

  async ask(process: ServerProcess): Promise<void> {
    const index = Math.random() < 0.75 ? this.#front : Math.floor(Math.random() * (this.#front + 1));
    const status = await this.#request(process, this.#tokens[index] as string);
    if (status === 429 && index === this.#front) this.#front = Math.min(this.#front + 1, this.#tokens.length - 1);
  }

  /** Uses all of them up. */
  async useUp(processes: readonly ServerProcess[]): Promise<void> {
    await Promise.all(
      this.#tokens.map(async (token, index) => {
        for (let turn = index, refusals = 0; refusals < processes.length; turn += 1) {
          const status = await this.#request(processes[turn % processes.length] as ServerProcess, token);
          if (status === 429) refusals += 1;
        }
      }),
    );
  }

  async #request(process: ServerProcess, token: string): Promise<number> {
    const asked = get(process, '/throttled', token);
    const { status } = await this.findings.judge('a throttled action', asked, [200, 429]);
    if (status === 200) this.#admitted.set(token, (this.#admitted.get(token) ?? 0) + 1);
    return status;
  }
}
