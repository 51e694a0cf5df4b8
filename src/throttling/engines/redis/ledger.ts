import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../../core/clock.js';
import type { Logger } from '../../../core/logger.js';
import { slides } from '../../algorithm.js';
import type { Charge } from '../../engine.js';
import { StoreLateError } from '../../store-errors.js';
import type { Claim, Claimed, Ledger, LedgerAnswer, Registration, Return } from '../leased/ledger.js';
import { ClaimBatch } from './batch.js';
import { away, closeRedis, firstConnection, isCluster } from './connection.js';
import { type NamedScript, ScriptCalls } from './script-calls.js';
import { CLAIM, NUMBERS_PER_CLAIM } from './scripts/claim.js';
import { CLAIM_EACH } from './scripts/claim-each.js';
import { JOIN, OPEN } from './scripts/open.js';
import { GIVE_BACK, REGISTER } from './scripts/returns.js';

export interface RedisLedgerOptions {
  readonly client: Redis | Cluster;
  readonly keyPrefix: string;
  /** How long a caller waits. */
  readonly deadlineMilliseconds: number;
  /** Whether a loss of what was counted makes windows undecided that may have been open. */
  readonly waitAfterLoss: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The names carry a version: another version of this package may have other scripts on the same client. */
const SCRIPTS = {
  claim: { name: 'routingControllersOAuth2Claim1', lua: CLAIM },
  claimEach: { name: 'routingControllersOAuth2ClaimEach1', lua: CLAIM_EACH },
  giveBack: { name: 'routingControllersOAuth2GiveBack1', lua: GIVE_BACK },
  register: { name: 'routingControllersOAuth2Register1', lua: REGISTER },
  open: { name: 'routingControllersOAuth2Open2', lua: OPEN },
  join: { name: 'routingControllersOAuth2Join1', lua: JOIN },
} satisfies Record<string, NamedScript>;
/** How far the estimate of the server's clock may be off: time on the wire and of a busy event loop. */
const CLOCK_MARGIN_MILLISECONDS = 1000;
/** How many keys go into one call that is not waited for. */
const KEYS_PER_CALL = 100;
/** How often a claim that came too late by the server's clock is sent again, with what the answer told of that clock. */
const MAXIMUM_ATTEMPTS = 4;
const TOO_LATE = -1;
const NOT_OPENED = -2;
const UNDECIDED = -3;

/** The ledger in Redis: one server, one that Sentinel names, or a Cluster. */
export class RedisLedger implements Ledger {
  readonly callsByTag: boolean;
  readonly #options: RedisLedgerOptions;
  readonly #calls: ScriptCalls;
  readonly #marker: string;
  readonly #members: string;
  readonly #listeners: (() => void)[] = [];
  /** The server's clock less ours, as of the last answer; `undefined` before it, and always on a Cluster. */
  #serverOffset: number | undefined;
  readonly #batch = new ClaimBatch(async (keys, parameters) => {
    const all = [this.#notAfter(), JSON.stringify(parameters)];
    const answer = await this.#calls.callAtOnce(SCRIPTS.claimEach, this.#withMarker(keys), all);
    this.#heardTime(answer[1] ?? 0);
    return answer;
  });
  /** 0 before the first opening, and always on a Cluster. */
  #generation = 0;
  /** The generation that a loss was told of. */
  #toldOf = 0;
  #opened = false;
  #opening: Promise<void> | undefined;
  /** Pending until the first connection stands or its first attempt has failed. */
  #starting: Promise<void> | undefined;

  constructor(options: RedisLedgerOptions) {
    this.#options = options;
    const { client, keyPrefix } = options;
    this.callsByTag = isCluster(client);
    this.#calls = new ScriptCalls(client, Object.values(SCRIPTS));
    this.#marker = `${keyPrefix}ledger`;
    this.#members = `${keyPrefix}members`;
    client.on('ready', () => this.#reopen().catch(() => {}));
    client.on('close', () => {
      this.#opened = false;
    });
    this.#starting = firstConnection(client)
      .then(() => this.#opening)
      .catch(() => {})
      .then(() => {
        this.#starting = undefined;
      });
  }

  get connected(): boolean {
    return this.#opened && this.#options.client.status === 'ready';
  }

  onOpened(listener: () => void): void {
    this.#listeners.push(listener);
  }

  claim(claims: readonly Claim[], isOver: () => boolean): Promise<LedgerAnswer> {
    const usable = this.#starting === undefined && this.#opening === undefined && this.connected;
    if (!usable) return this.#claimUntil(claims, isOver);
    return this.#claimOnce(claims).then((answer) =>
      typeof answer === 'number' ? this.#claimUntil(claims, isOver) : this.#answered(answer),
    );
  }

  async #claimUntil(claims: readonly Claim[], isOver: () => boolean): Promise<LedgerAnswer> {
    if (this.#starting !== undefined) await this.#starting;
    for (let attempt = 1; ; attempt++) {
      if (this.#opening !== undefined) await this.#opening;
      // An opening may have failed for a reason that is over by now.
      else if (!this.#opened && this.#options.client.status === 'ready') await this.#open();
      if (isOver()) throw new StoreLateError('Redis was not asked in time.');
      if (!this.connected) throw away(this.#options.client);
      const answer = await this.#claimOnce(claims);
      if (typeof answer !== 'number') return this.#answered(answer);
      // The marker is gone: somebody erased what was counted.
      if (answer === NOT_OPENED) await this.#open();
      // Too late by the server's clock: it was set forward, or another server took over. Now we know its time.
      else if (attempt === MAXIMUM_ATTEMPTS) throw new StoreLateError('Redis was asked too late.');
    }
  }

  #answered(answer: LedgerAnswer): LedgerAnswer {
    if (answer.decision === 'undecided') {
      this.#tellOfLoss();
    } else if (answer.generation > this.#generation && !this.callsByTag) {
      // Another process has met the loss first; this one's connection has lived on.
      this.#generation = answer.generation;
      this.#tellOfLoss();
    }
    return answer;
  }

  /** The answer, or the negative number with which the call was refused as a whole. */
  #claimOnce(claims: readonly Claim[]): Promise<LedgerAnswer | number> {
    const [first] = claims;
    if (first !== undefined && claims.length === 1 && !this.callsByTag && !slides(first.charge)) {
      return this.#batch.add(first, this.#key(first.charge));
    }
    return this.#claimTogether(claims);
  }

  async #claimTogether(claims: readonly Claim[]): Promise<LedgerAnswer | number> {
    const parameters = [this.#notAfter(), this.callsByTag ? 0 : 1];
    for (const { charge, need, want, more, divisor } of claims) {
      parameters.push(slides(charge) ? 1 : 0, charge.limit, charge.windowMilliseconds, need, want, more, divisor);
    }
    const keys = claims.map(({ charge }) => this.#key(charge));
    const answer = await this.#calls.call(SCRIPTS.claim, this.#withMarker(keys), parameters);
    const [decision = TOO_LATE, serverNow = 0] = answer;
    if (decision === UNDECIDED) return { decision: 'undecided', milliseconds: serverNow };
    this.#heardTime(serverNow);
    return decision < 0 ? decision : readAnswer(claims, answer);
  }

  #heardTime(serverNow: number): void {
    if (!this.callsByTag) this.#serverOffset = serverNow - this.#options.clock.monotonicMilliseconds();
  }

  async giveBack(returns: readonly Return[]): Promise<void> {
    await this.#inParts(returns, (part, keys) => {
      const parameters = part.flatMap(({ charge, generation, id, units }) => [
        slides(charge) ? 1 : 0,
        charge.windowMilliseconds,
        generation,
        id,
        units,
      ]);
      return this.#calls.call(SCRIPTS.giveBack, keys, parameters);
    });
  }

  async register(registrations: readonly Registration[]): Promise<void> {
    await this.#inParts(registrations, async (part, keys) => {
      const parameters = [this.callsByTag ? 0 : 1];
      for (const { charge, units, leftMilliseconds } of part) {
        const left = Math.ceil(leftMilliseconds);
        parameters.push(slides(charge) ? 1 : 0, charge.limit, charge.windowMilliseconds, units, left);
      }
      const registered = await this.#calls.call<number>(SCRIPTS.register, this.#withMarker(keys), parameters);
      if (registered !== 1) throw new Error('The ledger is not opened.');
    });
  }

  async join(member: string, forMilliseconds: number): Promise<readonly string[]> {
    if (!this.connected) throw away(this.#options.client);
    return this.#calls.call<string[]>(SCRIPTS.join, [this.#members], [member, forMilliseconds]);
  }

  async leave(member: string): Promise<void> {
    if (!this.connected) return;
    await this.#options.client.zrem(this.#members, member);
    // What was asked for earlier is answered by now, and is in the hands of who asked at the end of this turn.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async ready(): Promise<void> {
    await this.#starting;
  }

  async close(): Promise<void> {
    // What was asked for in this turn is sent at its end.
    await new Promise((resolve) => setImmediate(resolve));
    await closeRedis(this.#options.client);
  }

  /**
   * On every connection anew: only then the server may be another one, or have lost what it had. A Cluster is not
   * opened: no key is beside all counters.
   */
  #open(): Promise<void> {
    this.#opening ??= this.#openNow().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** What is under way belongs to the connection before. */
  async #reopen(): Promise<void> {
    while (this.#opening !== undefined) await this.#opening.catch(() => {});
    await this.#open();
  }

  async #openNow(): Promise<void> {
    if (!this.callsByTag) {
      const { run, startedMilliseconds, durable } = await this.#server();
      const parameters = [
        this.#generation,
        run,
        startedMilliseconds,
        durable ? 1 : 0,
        this.#options.waitAfterLoss ? 1 : 0,
      ];
      const [generation = 0, , , found = 0] = await this.#calls.call(SCRIPTS.open, [this.#marker], parameters);
      this.#generation = generation;
      if (found === 1) this.#tellOfLoss();
    }
    this.#opened = true;
    for (const listener of this.#listeners) listener();
  }

  /** Once for each generation, by what notices it first: the connection, or a claim on a window that is unknown. */
  #tellOfLoss(): void {
    if (this.#toldOf === this.#generation) return;
    this.#toldOf = this.#generation;
    const meaning = this.#options.waitAfterLoss
      ? "a window that may have been open is unknown until it must have ended, and what needs it is decided as while Redis is away (whenLedgerIsLost: 'wait')"
      : "windows begin anew, so that callers may spend the limits of those that were open once more (whenLedgerIsLost: 'restart')";
    this.#options.logger.error(
      `The throttle's Redis has lost what it had counted: ${meaning}. Let Redis keep its data (appendonly yes) to avoid this.`,
    );
  }

  async #server(): Promise<{ run: string; startedMilliseconds: number; durable: boolean }> {
    const client = this.#options.client as Redis;
    const read = (text: string, field: string) => new RegExp(`^${field}:(\\S+)`, 'm').exec(text)?.[1];
    try {
      const [server, persistence] = await Promise.all([client.info('server'), client.info('persistence')]);
      const seconds = Number(read(server, 'uptime_in_seconds') ?? 0);
      const serverNow = Number(read(server, 'server_time_usec') ?? 0) / 1000 || this.#options.clock.nowMilliseconds();
      return {
        run: read(server, 'run_id') ?? '',
        startedMilliseconds: Math.round(serverNow - seconds * 1000),
        durable: read(persistence, 'aof_enabled') === '1',
      };
    } catch (error) {
      // Without the right to ask (an ACL), only a marker that is gone tells of a loss.
      if (!String(error).includes('NOPERM')) throw error;
      return { run: '', startedMilliseconds: 0, durable: true };
    }
  }

  #withMarker(keys: readonly string[]): readonly string[] {
    return this.callsByTag ? keys : [this.#marker, ...keys];
  }

  async #inParts<Item extends { readonly charge: Charge }>(
    items: readonly Item[],
    call: (part: readonly Item[], keys: readonly string[]) => Promise<unknown>,
  ): Promise<void> {
    if (items.length === 0) return;
    if (!this.connected) throw away(this.#options.client);
    const parts: Item[][] = [];
    const open = new Map<string, Item[]>();
    for (const item of items) {
      const group = this.callsByTag ? item.charge.tag : '';
      let part = open.get(group);
      if (part === undefined || part.length >= KEYS_PER_CALL) {
        part = [];
        open.set(group, part);
        parts.push(part);
      }
      part.push(item);
    }
    await Promise.all(
      parts.map((part) =>
        call(
          part,
          part.map(({ charge }) => this.#key(charge)),
        ),
      ),
    );
  }

  /** When nobody waits any more for the answer to what is sent now, by the server's clock; 0: that is not known. */
  #notAfter(): number {
    if (this.#serverOffset === undefined) return 0;
    const { clock, deadlineMilliseconds } = this.#options;
    const until = clock.monotonicMilliseconds() + deadlineMilliseconds;
    return Math.ceil(until + this.#serverOffset + CLOCK_MARGIN_MILLISECONDS);
  }

  /** Other keys than the plain engine's, because their values differ. */
  #key({ tag, key }: Charge): string {
    return `${this.#options.keyPrefix}{${tag}}lease:${key}`;
  }
}

function readAnswer(claims: readonly Claim[], answer: readonly number[]): LedgerAnswer {
  const claimed = claims.map((_, index): Claimed => {
    const at = 3 + index * NUMBERS_PER_CLAIM;
    return {
      fits: answer[at] === 1,
      available: answer[at + 1] as number,
      resetMilliseconds: answer[at + 2] as number,
      id: answer[at + 3] as number,
      extra: answer[at + 4] as number,
      extraId: answer[at + 5] as number,
      extraMilliseconds: answer[at + 6] as number,
      soft: answer[at + 7] === 1,
    };
  });
  return { decision: answer[0] === 1 ? 'granted' : 'refused', generation: answer[2] as number, claimed };
}
