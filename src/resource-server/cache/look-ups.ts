import type { Clock } from '../../core/clock.js';
import { TemporarilyUnavailableError } from '../../core/errors.js';
import { ownClientIdOf, type Verification } from '../../core/verified-token.js';
import type { Moment } from './held-tokens.js';
import type { Invalidation } from './token-cache.js';

/** A look-up in progress. */
export interface LookUpInFlight extends Moment {
  /** Whether its token, or everything, was invalidated after it began. */
  overtaken: boolean;
  /** Whether invalidations may have been missed since it began. */
  unsure: boolean;
  /** The number of the last invalidation of a user or an application that was received before it began. */
  readonly heard: number;
}

type Work = (lookUp: LookUpInFlight) => Promise<Verification>;

interface Pending {
  readonly lookUp: LookUpInFlight;
  readonly promise: Promise<Verification>;
}

/** How often a look-up is repeated after being overtaken by invalidations, before it fails as unavailable. */
const ROUNDS = 5;

/** How many invalidated users and applications are remembered while look-ups run. */
const NAMES = 10_000;

/**
 * The look-ups in progress. A request for the same key joins the newest look-up, with two exceptions: a look-up from
 * before an invalidation is not joined, and neither is one that is older than the bound, since it may have missed a
 * revocation that this process has not received yet.
 *
 * An invalidation affects every look-up that began before it, however many run for the same key and however long they
 * take: none of their answers is kept, and an active one is not returned either, but looked up again.
 */
export class LookUps {
  /** The look-up that others may join, by key. */
  private readonly pending = new Map<string, Pending>();
  /** All look-ups that have not ended, by key, including those that may not be joined any more. */
  private readonly running = new Map<string, Set<LookUpInFlight>>();
  /**
   * The users and applications that were invalidated while look-ups ran, with the number of the latest invalidation.
   * The owner of a token is known only when its look-up has an answer.
   */
  private readonly names = new Map<string, number>();
  private heard = 0;
  private readonly clock: Clock;
  private readonly boundMilliseconds: number;

  constructor(clock: Clock, boundMilliseconds: number) {
    this.clock = clock;
    this.boundMilliseconds = boundMilliseconds;
  }

  /** Joins the look-up of a key, or starts one. `work` calls `mayKeep` when it has its result. */
  run(key: string, work: Work): Promise<Verification> {
    return this.joinable(key) ?? this.begin(key, work, ROUNDS);
  }

  /** Whether an answer may be kept: nothing was, or may have been, invalidated for it since its look-up began. */
  mayKeep(lookUp: LookUpInFlight, verification: Verification): boolean {
    return !lookUp.unsure && !this.isOvertaken(lookUp, verification);
  }

  /** Marks the look-ups that an invalidation concerns. */
  overtake(invalidation: Invalidation, keys: readonly string[]): void {
    for (const key of keys) this.overtakeKey(key);
    switch (invalidation.kind) {
      case 'token':
        this.overtakeKey(invalidation.key);
        break;
      case 'user':
        this.overtakeName(userName(invalidation.userId));
        break;
      case 'application':
        this.overtakeName(applicationName(invalidation.clientId));
        break;
      case 'everything':
        this.pending.clear();
        this.mark((lookUp) => {
          lookUp.overtaken = true;
        });
    }
  }

  /** Marks the look-ups of one token. */
  overtakeKey(key: string): void {
    this.pending.delete(key);
    for (const lookUp of this.running.get(key) ?? []) lookUp.overtaken = true;
  }

  /** Invalidations may have been missed: no look-up that began earlier may be kept or joined. */
  interrupt(): void {
    this.pending.clear();
    this.mark((lookUp) => {
      lookUp.unsure = true;
    });
  }

  private overtakeName(name: string): void {
    this.pending.clear();
    if (this.running.size === 0) return;
    this.heard += 1;
    this.names.set(name, this.heard);
    if (this.names.size <= NAMES) return;
    this.names.clear();
    this.mark((lookUp) => {
      lookUp.overtaken = true;
    });
  }

  private mark(change: (lookUp: LookUpInFlight) => void): void {
    for (const lookUps of this.running.values()) lookUps.forEach(change);
  }

  private joinable(key: string): Promise<Verification> | undefined {
    const pending = this.pending.get(key);
    if (pending === undefined) return undefined;
    const age = this.clock.monotonicMilliseconds() - pending.lookUp.monotonicMilliseconds;
    return age <= this.boundMilliseconds ? pending.promise : undefined;
  }

  private begin(key: string, work: Work, rounds: number): Promise<Verification> {
    const lookUp: LookUpInFlight = {
      overtaken: false,
      unsure: false,
      heard: this.heard,
      monotonicMilliseconds: this.clock.monotonicMilliseconds(),
      wallMilliseconds: this.clock.nowMilliseconds(),
    };
    const running = this.running.get(key);
    if (running === undefined) this.running.set(key, new Set([lookUp]));
    else running.add(lookUp);
    // The work starts after the look-up was registered, so that no invalidation can miss it.
    const promise = Promise.resolve().then(() => this.finish(key, lookUp, work, rounds));
    this.pending.set(key, { lookUp, promise });
    return promise;
  }

  private async finish(key: string, lookUp: LookUpInFlight, work: Work, rounds: number): Promise<Verification> {
    let mustRepeat: boolean;
    try {
      const verification = await work(lookUp);
      mustRepeat = verification.status === 'active' && this.mustRepeat(lookUp, verification);
      if (!mustRepeat) return verification;
    } finally {
      this.end(key, lookUp);
    }
    if (rounds > 1) return this.joinable(key) ?? this.begin(key, work, rounds - 1);
    throw new TemporarilyUnavailableError({
      part: 'overtaken look-ups',
      detail: `token look-up overtaken by invalidations ${ROUNDS} times`,
    });
  }

  private end(key: string, lookUp: LookUpInFlight): void {
    if (this.pending.get(key)?.lookUp === lookUp) this.pending.delete(key);
    const running = this.running.get(key);
    if (running?.delete(lookUp) === true && running.size === 0) this.running.delete(key);
    if (this.running.size === 0) this.names.clear();
  }

  /**
   * An answer that was certainly overtaken is never returned. If invalidations may merely have been missed, the answer
   * is valid within the bound, as it would be without any messages.
   */
  private mustRepeat(lookUp: LookUpInFlight, verification: Verification): boolean {
    if (this.isOvertaken(lookUp, verification)) return true;
    return lookUp.unsure && this.clock.monotonicMilliseconds() - lookUp.monotonicMilliseconds > this.boundMilliseconds;
  }

  private isOvertaken(lookUp: LookUpInFlight, verification: Verification): boolean {
    if (lookUp.overtaken) return true;
    if (lookUp.heard === this.heard) return false;
    // A refusal does not contain whose token it was: any invalidation may have made the token valid.
    if (verification.status !== 'active') return true;
    const { userId } = verification.token;
    const clientId = ownClientIdOf(verification.token);
    return (
      (userId !== undefined && this.wasInvalidated(userName(userId), lookUp)) ||
      (clientId !== undefined && this.wasInvalidated(applicationName(clientId), lookUp))
    );
  }

  private wasInvalidated(name: string, lookUp: LookUpInFlight): boolean {
    return (this.names.get(name) ?? 0) > lookUp.heard;
  }
}

function userName(userId: string): string {
  return `u:${userId}`;
}

function applicationName(clientId: string): string {
  return `a:${clientId}`;
}
