import type { Clock } from '../core/clock.js';
import type { Topic } from '../core/events/topic.js';
import type { Observation } from '../core/observation/observation.js';
import type { LookUpLevel, LookUpResult } from '../core/observation/outcomes.js';
import { after } from '../core/promises.js';
import type { Verification } from '../core/verified-token.js';
import type { TokenCache } from './cache/token-cache.js';
import { type ChainedVerifier, sharingOf } from './verifiers/verifier.js';

/** What look-ups depend on. */
export interface TokenLookUpsDependencies {
  readonly cache: TokenCache;
  readonly observation: Observation;
  readonly clock: Clock;
}

/** The answers about tokens, from the cache or else from a verifier; counts and tells where each came from. */
export class TokenLookUps {
  private readonly verified: Topic<'token.verified'>;

  constructor(private readonly dependencies: TokenLookUpsDependencies) {
    const { cache, observation } = dependencies;
    this.verified = observation.events.topics['token.verified'];
    cache.onShared?.((verification, milliseconds) => this.tell('redis', verification, undefined, milliseconds));
  }

  /** The answer that this process has, without I/O; on the way of every request. */
  peek(key: string): Verification | undefined {
    const known = this.dependencies.cache.peek(key);
    if (known !== undefined) {
      this.dependencies.observation.statistics.lookUps.process[known.status] += 1;
      this.verified.count += 1;
      if (this.verified.isHeard) this.emit('process', known, undefined, 0);
    }
    return known;
  }

  /**
   * The answer of the nearest level that has one.
   *
   * @throws TemporarilyUnavailableError (or rejects) if there can be none now
   */
  resolve(verifier: ChainedVerifier, token: string, key: string): Promise<Verification> {
    const { cache, observation } = this.dependencies;
    return observation.tracing.around('token.look_up', () =>
      cache.resolve(key, () => this.verify(verifier, token, key), sharingOf(verifier)),
    );
  }

  /** Asks a verifier, about a token that nothing else knows. */
  verify(verifier: ChainedVerifier, token: string, key: string): Verification | Promise<Verification> {
    const { clock } = this.dependencies;
    const began = clock.monotonicMilliseconds();
    const failed = (error: unknown): never => {
      this.tell('verifier', undefined, verifier, clock.monotonicMilliseconds() - began);
      throw error;
    };
    const found = (verification: Verification): Verification => {
      this.tell('verifier', verification, verifier, clock.monotonicMilliseconds() - began);
      return verification;
    };
    let answer: Verification | Promise<Verification>;
    try {
      answer = verifier.verify(token, key);
    } catch (error) {
      return failed(error);
    }
    return after(answer, found, failed);
  }

  private tell(
    level: Exclude<LookUpLevel, 'process'>,
    verification: Verification | undefined,
    verifier: ChainedVerifier | undefined,
    milliseconds: number,
  ): void {
    const { lookUps, durations } = this.dependencies.observation.statistics;
    lookUps[level][verification?.status ?? 'unavailable'] += 1;
    durations[level].add(milliseconds);
    this.verified.count += 1;
    if (this.verified.isHeard) this.emit(level, verification, verifier, milliseconds);
  }

  private emit(
    level: LookUpLevel,
    verification: Verification | undefined,
    verifier: ChainedVerifier | undefined,
    milliseconds: number,
  ): void {
    const result: LookUpResult = verification?.status ?? 'unavailable';
    const token = verification?.status === 'active' ? verification.token : undefined;
    this.verified.emitLater({
      level,
      result,
      verifier: verifier?.name,
      milliseconds,
      clientId: token?.clientId,
      userId: token?.userId,
    });
  }
}
