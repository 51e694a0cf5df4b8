import { setTimeout as pause } from 'node:timers/promises';
import { get, post } from '../asking.js';
import type { Findings } from '../findings.js';
import { CLOCK_TOLERANCE_MILLISECONDS, REVOCATION_BOUND_MILLISECONDS } from '../protocol.js';
import type { ServerProcess } from '../server-process.js';
import type { Stand } from '../stand.js';
import { Budgets } from './budgets.js';
import type { KnownTokens } from './tokens.js';

/** A token that has to be refused from a time of the monotonic clock on. */
interface Watched {
  readonly what: string;
  readonly token: string;
  readonly from: number;
}

/** How long a token is watched after it has to be refused. */
const WATCHED_MILLISECONDS = 3_000;

/**
 * A bounded, steady load: lanes that each have one request under way and begin the next one at a fixed pace, which is slower
 * where there are more processes, so that they share what two would have to do. What each request has to be answered with is known beforehand; whatever else comes is a finding.
 */
export class Load {
  readonly budgets: Budgets;
  readonly issued = new Set<string>();
  readonly revoked = new Set<string>();
  readonly refreshTokens: string[];
  readonly #watched = new Set<Watched>();
  readonly #lanes: Promise<void>[] = [];
  #stopped = false;
  #turn = 0;

  constructor(
    private readonly stand: Stand,
    private readonly known: KnownTokens,
    private readonly findings: Findings,
  ) {
    this.budgets = new Budgets(known.budgets, findings);
    this.refreshTokens = [...known.refreshTokens];
    for (const { token, at } of known.expiring) {
      this.#watched.add({ what: 'an expired token', token, from: at + CLOCK_TOLERANCE_MILLISECONDS });
    }
  }

  start(): void {
    for (const process of this.stand.processes) {
      this.#lane(40, () => this.#good(process));
      this.#lane(40, () => this.#good(process));
      this.#lane(50, () => this.#bad(process));
      this.#lane(40, () => this.budgets.ask(process));
    }
    this.#lane(120, () => this.#issue());
    this.#lane(150, () => this.#revoke());
    this.#lane(30, () => this.#watch());
    for (const index of this.refreshTokens.keys()) this.#lane(100, () => this.#refresh(index));
  }

  /** Resolves when the last request has its answer. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#lanes);
  }

  #lane(paceOfTwoMilliseconds: number, ask: () => Promise<unknown>): void {
    const paceMilliseconds = (paceOfTwoMilliseconds * this.stand.processes.length) / 2;
    const run = async () => {
      while (!this.#stopped) {
        const began = performance.now();
        await ask();
        // A lane gives way at least once a turn, however late it is.
        await pause(Math.max(1, paceMilliseconds - (performance.now() - began)));
      }
    };
    this.#lanes.push(run());
  }

  /** The processes in turn. */
  #next(): ServerProcess {
    const { processes } = this.stand;
    return processes[this.#turn++ % processes.length] as ServerProcess;
  }

  #good(process: ServerProcess): Promise<unknown> {
    return this.findings.judge('a good token', get(process, '/read', oneOf(this.known.good)), [200]);
  }

  async #bad(process: ServerProcess): Promise<void> {
    const { good, revoked, expired } = this.known;
    await this.findings.judge('a revoked token', get(process, '/read', oneOf(revoked)), [401]);
    await this.findings.judge('an expired token', get(process, '/read', oneOf(expired)), [401]);
    await this.findings.judge('a token without the scope', get(process, '/write', oneOf(good)), [403]);
    await this.findings.judge('no token of ours', get(process, '/read', 'x'.repeat(43)), [401]);
  }

  /** A token that was acknowledged is good at every process, from then on. */
  async #issue(): Promise<void> {
    const form = { grant_type: 'client_credentials', scope: 'read' };
    const asked = post(this.#next(), 'token', this.stand.service, form);
    const { verdict, body } = await this.findings.judge('a token request', asked, [200]);
    if (verdict !== 'expected') return;
    const token = String(body.access_token);
    this.issued.add(token);
    for (const process of this.stand.processes) {
      await this.findings.judge('a new token', get(process, '/read', token), [200]);
    }
  }

  /** A revocation counts from its acknowledgement on; until there is one, it is asked for again. */
  async #revoke(): Promise<void> {
    const [token] = this.issued;
    if (token === undefined) return;
    this.issued.delete(token);
    for (const process of this.stand.processes) {
      await this.findings.judge('a token before its revocation', get(process, '/read', token), [200]);
    }
    while (!this.#stopped) {
      const asked = post(this.#next(), 'revoke', this.stand.service, { token });
      const { verdict, ended } = await this.findings.judge('a revocation', asked, [200]);
      if (verdict === 'expected') {
        this.revoked.add(token);
        this.#watched.add({ what: 'a token revoked just now', token, from: ended + REVOCATION_BOUND_MILLISECONDS });
        return;
      }
      await pause(50);
    }
  }

  async #watch(): Promise<void> {
    for (const watched of this.#watched) {
      if (performance.now() > watched.from + WATCHED_MILLISECONDS) this.#watched.delete(watched);
      await Promise.all(
        this.stand.processes.map((process) => {
          const expected = performance.now() > watched.from ? [401] : [200, 401];
          return this.findings.judge(watched.what, get(process, '/read', watched.token), expected);
        }),
      );
    }
  }

  /** The successor that was acknowledged is good; a request without an answer may be repeated. */
  async #refresh(index: number): Promise<void> {
    const refreshToken = this.refreshTokens[index];
    if (refreshToken === undefined) return;
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const asked = post(this.#next(), 'token', this.stand.web, form);
    const { verdict, body } = await this.findings.judge('a refresh', asked, [200]);
    if (verdict === 'expected') this.refreshTokens[index] = String(body.refresh_token);
    else if (verdict === 'wrong') await pause(500);
  }
}

function oneOf<Value>(values: readonly Value[]): Value {
  return values[Math.floor(Math.random() * values.length)] as Value;
}
