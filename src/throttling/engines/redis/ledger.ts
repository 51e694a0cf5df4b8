import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../../core/clock.js';
import type { Logger } from '../../../core/logger.js';
import { slides } from '../../algorithm.js';
import type { Charge } from '../../engine.js';
import { StoreLateError } from '../../store-errors.js';
import type { Claim, Claimed, Ledger, LedgerAnswer, Registration, Return } from '../leased/ledger.js';
import { ClaimBatch } from './batch.js';
import { callParts } from './call-parts.js';
import { away, closeRedis, isCluster } from './connection.js';
import { LedgerOpening } from './ledger-opening.js';
import {
  CLAIM_ANSWER,
  CLAIM_EACH_HEAD,
  CLAIM_HEAD,
  CLAIM_ITEM,
  CLAIMED_ITEM,
  CODES,
  JOIN_ARGUMENTS,
  REGISTER_HEAD,
  REGISTER_ITEM,
  RETURN_ITEM,
} from './protocol.js';
import { appendRow, rowStart } from './rows.js';
import { type NamedScript, ScriptCalls } from './script-calls.js';
import { CLAIM } from './scripts/claim.js';
import { CLAIM_EACH } from './scripts/claim-each.js';
import { GIVE_BACK } from './scripts/give-back.js';
import { JOIN } from './scripts/join.js';
import { OPEN } from './scripts/open.js';
import { REGISTER } from './scripts/register.js';
import { ServerClock } from './server-clock.js';

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
/** How often a claim is sent again that came too late by the server's clock; each answer reports that clock. */
const MAXIMUM_ATTEMPTS = 4;

/** The ledger in Redis: one server, one that Sentinel names, or a Cluster. */
export class RedisLedger implements Ledger {
  readonly callsByTag: boolean;
  readonly #client: Redis | Cluster;
  readonly #keyPrefix: string;
  readonly #calls: ScriptCalls;
  readonly #marker: string;
  readonly #members: string;
  readonly #serverClock: ServerClock;
  readonly #opening: LedgerOpening;
  readonly #batch = new ClaimBatch(async (keys, items) => {
    const parameters: (string | number)[] = [];
    appendRow(parameters, CLAIM_EACH_HEAD, { notAfter: this.#serverClock.notAfter(), items: JSON.stringify(items) });
    const answer = await this.#calls.callAtOnce(SCRIPTS.claimEach, this.#withMarker(keys), parameters);
    this.#serverClock.heard(answer[CLAIM_ANSWER.at.now] ?? 0);
    return answer;
  });

  constructor({ client, keyPrefix, deadlineMilliseconds, waitAfterLoss, clock, logger }: RedisLedgerOptions) {
    this.#client = client;
    this.#keyPrefix = keyPrefix;
    this.callsByTag = isCluster(client);
    this.#calls = new ScriptCalls(client, Object.values(SCRIPTS));
    this.#marker = `${keyPrefix}ledger`;
    this.#members = `${keyPrefix}members`;
    this.#serverClock = new ServerClock(clock, !this.callsByTag, deadlineMilliseconds);
    this.#opening = new LedgerOpening({
      ...{ client, calls: this.#calls, script: SCRIPTS.open, marker: this.#marker },
      ...{ waitAfterLoss, clock, logger },
    });
  }

  get connected(): boolean {
    return this.#opening.opened && this.#client.status === 'ready';
  }

  onOpened(listener: () => void): void {
    this.#opening.onOpened(listener);
  }

  claim(claims: readonly Claim[], isOver: () => boolean): Promise<LedgerAnswer> {
    const { starting, opening } = this.#opening;
    const usable = starting === undefined && opening === undefined && this.connected;
    if (!usable) return this.#claimUntil(claims, isOver);
    return this.#claimOnce(claims).then((answer) =>
      typeof answer === 'number' ? this.#claimUntil(claims, isOver) : this.#answered(answer),
    );
  }

  async #claimUntil(claims: readonly Claim[], isOver: () => boolean): Promise<LedgerAnswer> {
    if (this.#opening.starting !== undefined) await this.#opening.starting;
    for (let attempt = 1; ; attempt++) {
      if (this.#opening.opening !== undefined) await this.#opening.opening;
      // An earlier opening may have failed for a reason that no longer holds.
      else if (!this.#opening.opened && this.#client.status === 'ready') await this.#opening.open();
      if (isOver()) throw new StoreLateError('Redis was not asked in time.');
      if (!this.connected) throw away(this.#client);
      const answer = await this.#claimOnce(claims);
      if (typeof answer !== 'number') return this.#answered(answer);
      // The marker is gone: what was counted has been erased.
      if (answer === CODES.notOpened) await this.#opening.open();
      // Too late by the server's clock: it was set forward, or another server took over. Now its time is known.
      else if (attempt === MAXIMUM_ATTEMPTS) throw new StoreLateError('Redis was asked too late.');
    }
  }

  #answered(answer: LedgerAnswer): LedgerAnswer {
    if (answer.decision === 'undecided') this.#opening.reportLoss();
    else this.#opening.heard(answer.generation);
    return answer;
  }

  /** The answer, or the negative code by which the call was refused as a whole. */
  #claimOnce(claims: readonly Claim[]): Promise<LedgerAnswer | number> {
    const [first] = claims;
    if (first !== undefined && claims.length === 1 && !this.callsByTag && !slides(first.charge)) {
      return this.#batch.add(first, this.#key(first.charge));
    }
    return this.#claimTogether(claims);
  }

  async #claimTogether(claims: readonly Claim[]): Promise<LedgerAnswer | number> {
    const parameters: number[] = [];
    appendRow(parameters, CLAIM_HEAD, { notAfter: this.#serverClock.notAfter(), hasMarker: !this.callsByTag });
    for (const { charge, need, want, more, divisor } of claims) {
      const { limit, windowMilliseconds } = charge;
      const values = { slides: slides(charge), limit, windowMilliseconds, need, want, more, divisor };
      appendRow(parameters, CLAIM_ITEM, values);
    }
    const keys = claims.map(({ charge }) => this.#key(charge));
    const answer = await this.#calls.call(SCRIPTS.claim, this.#withMarker(keys), parameters);
    const decision = answer[CLAIM_ANSWER.at.decision] ?? CODES.tooLate;
    const now = answer[CLAIM_ANSWER.at.now] ?? 0;
    if (decision === CODES.undecided) return { decision: 'undecided', milliseconds: now };
    this.#serverClock.heard(now);
    return decision < 0 ? decision : readAnswer(claims, answer);
  }

  async giveBack(returns: readonly Return[]): Promise<void> {
    await this.#inParts(returns, (part, keys) => {
      const parameters: number[] = [];
      for (const { charge, generation, id, units } of part) {
        const { windowMilliseconds } = charge;
        appendRow(parameters, RETURN_ITEM, { slides: slides(charge), windowMilliseconds, generation, id, units });
      }
      return this.#calls.call(SCRIPTS.giveBack, keys, parameters);
    });
  }

  async register(registrations: readonly Registration[]): Promise<void> {
    await this.#inParts(registrations, async (part, keys) => {
      const parameters: number[] = [];
      appendRow(parameters, REGISTER_HEAD, { hasMarker: !this.callsByTag });
      for (const { charge, units, leftMilliseconds: exactMilliseconds } of part) {
        const { limit, windowMilliseconds } = charge;
        const leftMilliseconds = Math.ceil(exactMilliseconds);
        const values = { slides: slides(charge), limit, windowMilliseconds, units, leftMilliseconds };
        appendRow(parameters, REGISTER_ITEM, values);
      }
      const registered = await this.#calls.call<number>(SCRIPTS.register, this.#withMarker(keys), parameters);
      if (registered !== 1) throw new Error('The ledger is not opened.');
    });
  }

  async join(member: string, leaseMilliseconds: number): Promise<readonly string[]> {
    if (!this.connected) throw away(this.#client);
    const parameters: (string | number)[] = [];
    appendRow(parameters, JOIN_ARGUMENTS, { member, leaseMilliseconds });
    return this.#calls.call<string[]>(SCRIPTS.join, [this.#members], parameters);
  }

  async leave(member: string): Promise<void> {
    if (!this.connected) return;
    await this.#client.zrem(this.#members, member);
    // Earlier calls are answered by now, and their callers have the answers at the end of this turn.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async ready(): Promise<void> {
    await this.#opening.starting;
  }

  async close(): Promise<void> {
    // Calls of this turn are sent at its end.
    await new Promise((resolve) => setImmediate(resolve));
    await closeRedis(this.#client);
  }

  #withMarker(keys: readonly string[]): readonly string[] {
    return this.callsByTag ? keys : [this.#marker, ...keys];
  }

  async #inParts<Item extends { readonly charge: Charge }>(
    items: readonly Item[],
    call: (part: readonly Item[], keys: readonly string[]) => Promise<unknown>,
  ): Promise<void> {
    if (items.length === 0) return;
    if (!this.connected) throw away(this.#client);
    await Promise.all(
      callParts(items, this.callsByTag).map((part) =>
        call(
          part,
          part.map(({ charge }) => this.#key(charge)),
        ),
      ),
    );
  }

  /** Other keys than those of the engine that asks for each request, because the values differ. */
  #key({ tag, key }: Charge): string {
    return `${this.#keyPrefix}{${tag}}lease:${key}`;
  }
}

function readAnswer(claims: readonly Claim[], answer: readonly number[]): LedgerAnswer {
  const { at } = CLAIMED_ITEM;
  const claimed = claims.map((_, index): Claimed => {
    const start = rowStart(CLAIM_ANSWER, CLAIMED_ITEM, index);
    return {
      fits: answer[start + at.fits] === 1,
      available: answer[start + at.available] as number,
      resetMilliseconds: answer[start + at.resetMilliseconds] as number,
      id: answer[start + at.id] as number,
      extra: answer[start + at.extra] as number,
      extraId: answer[start + at.extraId] as number,
      extraMilliseconds: answer[start + at.extraMilliseconds] as number,
      soft: answer[start + at.soft] === 1,
    };
  });
  return {
    decision: answer[CLAIM_ANSWER.at.decision] === CODES.granted ? 'granted' : 'refused',
    generation: answer[CLAIM_ANSWER.at.generation] as number,
    claimed,
  };
}
