import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../../core/clock.js';
import type { Logger } from '../../../core/logger.js';
import { slides } from '../../algorithm.js';
import type { Charge } from '../../throttle-engine.js';
import type { Claim, Ledger, LedgerAnswer, Registration, Return } from '../leased/ledger.js';
import { splitIntoCalls } from './call-batches.js';
import { away, closeRedis, isCluster } from './connection.js';
import { LedgerClaims } from './ledger-claims.js';
import { LedgerKeys } from './ledger-keys.js';
import { LedgerOpening } from './ledger-opening.js';
import { JOIN_ARGUMENTS, REGISTER_HEAD, REGISTER_ITEM, RETURN_ITEM } from './protocol.js';
import { appendRow } from './rows.js';
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
  /** Whether windows that may have been open during a loss of counters become undecided. */
  readonly waitAfterLoss: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The names include a version, because another version of this package may have other scripts on the same client. */
const SCRIPTS = {
  claim: { name: 'routingControllersOAuth2Claim2', lua: CLAIM },
  claimEach: { name: 'routingControllersOAuth2ClaimEach2', lua: CLAIM_EACH },
  giveBack: { name: 'routingControllersOAuth2GiveBack2', lua: GIVE_BACK },
  register: { name: 'routingControllersOAuth2Register2', lua: REGISTER },
  open: { name: 'routingControllersOAuth2Open3', lua: OPEN },
  join: { name: 'routingControllersOAuth2Join1', lua: JOIN },
} satisfies Record<string, NamedScript>;

/** The ledger in Redis: a single server, one behind Sentinel, or a Cluster. */
export class RedisLedger implements Ledger {
  readonly callsByTag: boolean;
  private readonly client: Redis | Cluster;
  private readonly keys: LedgerKeys;
  private readonly calls: ScriptCalls;
  private readonly opening: LedgerOpening;
  private readonly claims: LedgerClaims;

  constructor({ client, keyPrefix, deadlineMilliseconds, waitAfterLoss, clock, logger }: RedisLedgerOptions) {
    this.client = client;
    this.callsByTag = isCluster(client);
    this.keys = new LedgerKeys(keyPrefix, !this.callsByTag);
    this.calls = new ScriptCalls(client, Object.values(SCRIPTS));
    this.opening = new LedgerOpening({
      ...{ client, calls: this.calls, script: SCRIPTS.open, marker: this.keys.marker },
      ...{ waitAfterLoss, clock, logger },
    });
    this.claims = new LedgerClaims({
      ...{ client, calls: this.calls, opening: this.opening, keys: this.keys },
      serverClock: new ServerClock(clock, !this.callsByTag, deadlineMilliseconds),
      scripts: SCRIPTS,
    });
  }

  get connected(): boolean {
    return this.opening.connected;
  }

  onOpened(listener: () => void): void {
    this.opening.onOpened(listener);
  }

  claim(claims: readonly Claim[], isOver: () => boolean): Promise<LedgerAnswer> {
    return this.claims.claim(claims, isOver);
  }

  async giveBack(returns: readonly Return[]): Promise<void> {
    await this.inParts(returns, (part, keys) => {
      const parameters: number[] = [];
      for (const { charge, generation, id, units } of part) {
        const { windowMilliseconds } = charge;
        appendRow(parameters, RETURN_ITEM, { slides: slides(charge), windowMilliseconds, generation, id, units });
      }
      return this.calls.call(SCRIPTS.giveBack, keys, parameters);
    });
  }

  async register(registrations: readonly Registration[]): Promise<void> {
    await this.inParts(registrations, async (part, keys) => {
      const parameters: number[] = [];
      appendRow(parameters, REGISTER_HEAD, { hasMarker: !this.callsByTag });
      for (const { charge, units, leftMilliseconds: exactMilliseconds } of part) {
        const { limit, windowMilliseconds } = charge;
        const leftMilliseconds = Math.ceil(exactMilliseconds);
        const values = { slides: slides(charge), limit, windowMilliseconds, units, leftMilliseconds };
        appendRow(parameters, REGISTER_ITEM, values);
      }
      const registered = await this.calls.call<number>(SCRIPTS.register, this.keys.withMarker(keys), parameters);
      if (registered !== 1) throw new Error('The ledger is not open.');
    });
  }

  async join(member: string, leaseMilliseconds: number): Promise<readonly string[]> {
    if (!this.connected) throw away(this.client);
    const parameters: (string | number)[] = [];
    appendRow(parameters, JOIN_ARGUMENTS, { member, leaseMilliseconds });
    return this.calls.call<string[]>(SCRIPTS.join, [this.keys.members], parameters);
  }

  async leave(member: string): Promise<void> {
    if (!this.connected) return;
    await this.client.zrem(this.keys.members, member);
    // Earlier calls are answered by now, and their callers get the answers at the end of this turn.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async ready(): Promise<void> {
    await this.opening.starting;
  }

  async close(): Promise<void> {
    // Calls of this turn are sent at its end.
    await new Promise((resolve) => setImmediate(resolve));
    await closeRedis(this.client);
  }

  private async inParts<Item extends { readonly charge: Charge }>(
    items: readonly Item[],
    call: (part: readonly Item[], keys: readonly string[]) => Promise<unknown>,
  ): Promise<void> {
    if (items.length === 0) return;
    if (!this.connected) throw away(this.client);
    await Promise.all(
      splitIntoCalls(items, this.callsByTag).map((part) =>
        call(
          part,
          part.map(({ charge }) => this.keys.counter(charge)),
        ),
      ),
    );
  }
}
