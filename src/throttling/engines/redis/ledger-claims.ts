import type { Cluster, Redis } from 'ioredis';
import { slides } from '../../algorithm.js';
import { StoreLateError } from '../../store-errors.js';
import type { Claim, Claimed, LedgerAnswer } from '../leased/ledger.js';
import { ClaimBatch } from './batch.js';
import { away, isCluster } from './connection.js';
import type { LedgerKeys } from './ledger-keys.js';
import type { LedgerOpening } from './ledger-opening.js';
import { CLAIM_ANSWER, CLAIM_EACH_HEAD, CLAIM_HEAD, CLAIM_ITEM, CLAIMED_ITEM, CODES } from './protocol.js';
import { appendRow, rowStart } from './rows.js';
import type { NamedScript, ScriptCalls } from './script-calls.js';
import type { ServerClock } from './server-clock.js';

export interface LedgerClaimsOptions {
  readonly client: Redis | Cluster;
  readonly calls: ScriptCalls;
  readonly scripts: { readonly claim: NamedScript; readonly claimEach: NamedScript };
  readonly opening: LedgerOpening;
  readonly serverClock: ServerClock;
  readonly keys: LedgerKeys;
}

/** How often a claim is repeated that was late by the server's clock; each answer reports that clock. */
const MAXIMUM_ATTEMPTS = 4;

/** Sends claims to the ledger once it is open, repeats them if the answer requires it, and parses the answers. */
export class LedgerClaims {
  private readonly client: Redis | Cluster;
  private readonly byTag: boolean;
  private readonly calls: ScriptCalls;
  private readonly scripts: LedgerClaimsOptions['scripts'];
  private readonly opening: LedgerOpening;
  private readonly serverClock: ServerClock;
  private readonly keys: LedgerKeys;
  private readonly batch: ClaimBatch;

  constructor({ client, calls, scripts, opening, serverClock, keys }: LedgerClaimsOptions) {
    this.client = client;
    this.byTag = isCluster(client);
    this.calls = calls;
    this.scripts = scripts;
    this.opening = opening;
    this.serverClock = serverClock;
    this.keys = keys;
    this.batch = new ClaimBatch(async (counters, items) => {
      const parameters: (string | number)[] = [];
      appendRow(parameters, CLAIM_EACH_HEAD, { notAfter: serverClock.notAfter(), items: JSON.stringify(items) });
      const answer = await calls.callAtOnce(scripts.claimEach, keys.withMarker(counters), parameters);
      serverClock.heard(answer[CLAIM_ANSWER.at.now] ?? 0);
      return answer;
    });
  }

  claim(claims: readonly Claim[], isOver: () => boolean): Promise<LedgerAnswer> {
    const { starting, opening } = this.opening;
    const usable = starting === undefined && opening === undefined && this.opening.connected;
    if (!usable) return this.claimUntil(claims, isOver);
    return this.claimOnce(claims).then((answer) =>
      typeof answer === 'number' ? this.claimUntil(claims, isOver) : this.answered(answer),
    );
  }

  private async claimUntil(claims: readonly Claim[], isOver: () => boolean): Promise<LedgerAnswer> {
    if (this.opening.starting !== undefined) await this.opening.starting;
    for (let attempt = 1; ; attempt++) {
      if (this.opening.opening !== undefined) await this.opening.opening;
      // An earlier opening may have failed for a temporary reason.
      else if (!this.opening.opened && this.client.status === 'ready') await this.opening.open();
      if (isOver()) throw new StoreLateError('The call could not be sent to Redis in time.');
      if (!this.opening.connected) throw away(this.client);
      const answer = await this.claimOnce(claims);
      if (typeof answer !== 'number') return this.answered(answer);
      // The marker is missing: the counters have been erased.
      if (answer === CODES.notOpened) await this.opening.open();
      // Late by the server's clock: it was set forward, or another server took over. Now its time is known.
      else if (attempt === MAXIMUM_ATTEMPTS) throw new StoreLateError('The call reached Redis too late.');
    }
  }

  private answered(answer: LedgerAnswer): LedgerAnswer {
    if (answer.decision === 'undecided') this.opening.reportLoss();
    else this.opening.heard(answer.generation);
    return answer;
  }

  /** The answer, or the negative code with which the whole call was refused. */
  private claimOnce(claims: readonly Claim[]): Promise<LedgerAnswer | number> {
    const [first] = claims;
    if (first !== undefined && claims.length === 1 && !this.byTag && !slides(first.charge)) {
      return this.batch.add(first, this.keys.counter(first.charge));
    }
    return this.claimTogether(claims);
  }

  private async claimTogether(claims: readonly Claim[]): Promise<LedgerAnswer | number> {
    const parameters: number[] = [];
    appendRow(parameters, CLAIM_HEAD, { notAfter: this.serverClock.notAfter(), hasMarker: !this.byTag });
    for (const { charge, need, want, more, divisor } of claims) {
      const { limit, windowMilliseconds } = charge;
      const values = { slides: slides(charge), limit, windowMilliseconds, need, want, more, divisor };
      appendRow(parameters, CLAIM_ITEM, values);
    }
    const keys = claims.map(({ charge }) => this.keys.counter(charge));
    const answer = await this.calls.call(this.scripts.claim, this.keys.withMarker(keys), parameters);
    const decision = answer[CLAIM_ANSWER.at.decision] ?? CODES.tooLate;
    const now = answer[CLAIM_ANSWER.at.now] ?? 0;
    if (decision === CODES.undecided) return { decision: 'undecided', milliseconds: now };
    this.serverClock.heard(now);
    return decision < 0 ? decision : readAnswer(claims, answer);
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
