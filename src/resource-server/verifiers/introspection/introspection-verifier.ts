import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../core/clock.js';
import type { LogLimiter } from '../../../core/log-limiter.js';
import type { Observation } from '../../../core/observation/observation.js';
import type { TokenForm, TokenKind } from '../../../core/token-form.js';
import type { UserStore } from '../../../core/users.js';
import { EXPIRED, INVALID, type Verification } from '../../../core/verified-token.js';
import { admit } from '../admission.js';
import type { ChainedVerifier } from '../verifier.js';
import { type AnsweredToken, type AnswerRules, type AnswerVerdict, judgeAnswer } from './answer.js';
import type { EndpointCalls } from './endpoint-calls.js';
import { EndpointFailure } from './endpoint-failure.js';
import type { IntrospectionEndpoint } from './introspection-endpoint.js';
import { INTROSPECTED_TOKENS, type IntrospectionSettings } from './introspection-options.js';

/** What the verifier depends on. */
export interface IntrospectionVerifierDependencies {
  readonly settings: IntrospectionSettings;
  readonly rules: AnswerRules;
  readonly endpoint: IntrospectionEndpoint;
  readonly calls: EndpointCalls;
  readonly users: UserStore | undefined;
  readonly clock: Clock;
  readonly log: LogLimiter;
  readonly observation: Observation;
}

/** An answer, with the time of the request. */
interface ReceivedAnswer {
  readonly verdict: AnswerVerdict;
  readonly askedAtMilliseconds: number;
}

/**
 * How many answers are kept for tokens of the host's users; beyond that the least recently used ones are requested
 * again.
 */
const RECENT_ANSWERS = 10_000;

const KINDS: Readonly<Record<'opaque' | 'jwt' | 'both', readonly TokenKind[]>> = {
  opaque: ['opaque'],
  jwt: ['jwt'],
  both: ['opaque', 'jwt'],
};

/** Verifies tokens by asking another server (RFC 7662). */
export class IntrospectionVerifier implements ChainedVerifier {
  readonly name = `${INTROSPECTED_TOKENS}()`;
  readonly isOwn = false;
  readonly isShared = true;
  readonly kinds: readonly TokenKind[];
  readonly exhausts: readonly TokenKind[];
  readonly issuer: string | undefined;
  readonly policy: string;
  readonly accepts: (form: TokenForm) => boolean;
  /** The calls in progress, by the SHA-256 of the token: concurrent callers share one answer. */
  private readonly underWay = new Map<string, Promise<ReceivedAnswer>>();
  /**
   * Answers that accept tokens of the host's users. Such tokens are checked as often as the host's own tokens, since
   * their users may have been disabled here, but the endpoint is not asked each time.
   */
  private readonly recent: LRUCache<string, ReceivedAnswer> | undefined;

  constructor(private readonly dependencies: IntrospectionVerifierDependencies) {
    const { settings, rules } = dependencies;
    const { accepts, issuer } = settings;
    const isFunction = typeof accepts === 'function';
    this.kinds = KINDS[isFunction ? 'both' : accepts];
    this.exhausts = accepts === 'opaque' || accepts === 'both' ? ['opaque'] : [];
    this.issuer = accepts === 'jwt' || accepts === 'both' ? issuer : undefined;
    this.accepts = isFunction ? accepts : (form) => isAccepted(form, accepts, issuer);
    if (settings.user !== undefined) this.recent = new LRUCache({ max: RECENT_ANSWERS });
    const { endpoint, clientId, signedAnswers } = settings;
    this.policy = JSON.stringify([issuer, endpoint, clientId, signedAnswers, rules, settings.user !== undefined]);
  }

  async verify(token: string, key: string): Promise<Verification> {
    const got = await this.ask(token, key);
    switch (got.verdict.status) {
      case 'active':
        return this.admitted(got.verdict.token, key, this.usableUntil(got));
      case 'expired':
        return EXPIRED;
      default:
        return INVALID;
    }
  }

  downReason(): string | undefined {
    return this.dependencies.calls.downReason;
  }

  private admitted(
    answered: AnsweredToken,
    key: string,
    usableUntilMilliseconds: number,
  ): Verification | Promise<Verification> {
    const { settings, users, clock } = this.dependencies;
    if (answered.expiresAtMilliseconds <= clock.nowMilliseconds()) return EXPIRED;
    const keepMilliseconds = Math.max(0, usableUntilMilliseconds - clock.monotonicMilliseconds());
    return admit({ key, issuer: settings.authority, ...answered }, users, settings.user, keepMilliseconds);
  }

  private ask(token: string, key: string): ReceivedAnswer | Promise<ReceivedAnswer> {
    const known = this.recent?.get(key);
    if (known !== undefined && this.dependencies.clock.monotonicMilliseconds() < this.usableUntil(known)) return known;
    let got = this.underWay.get(key);
    if (got === undefined) {
      got = this.call(token, key).finally(() => this.underWay.delete(key));
      this.underWay.set(key, got);
    }
    return got;
  }

  private usableUntil({ askedAtMilliseconds }: ReceivedAnswer): number {
    return askedAtMilliseconds + this.dependencies.settings.cacheSeconds * 1000;
  }

  private async call(token: string, key: string): Promise<ReceivedAnswer> {
    const { calls, endpoint, rules, clock, log, settings, observation } = this.dependencies;
    const askedAtMilliseconds = clock.monotonicMilliseconds();
    const ask = async () => {
      const answer = await endpoint.ask(token, clock.nowMilliseconds());
      const judged = judgeAnswer(answer, rules, clock.nowMilliseconds());
      if (judged.status === 'unreadable') throw new EndpointFailure('answer', judged.reason);
      return judged;
    };
    const verdict = await observation.tracing.around('introspection.request', () => calls.run(ask));
    if (verdict.status === 'invalid' && verdict.reason !== undefined) {
      const { reason } = verdict;
      log.warn(
        `${INTROSPECTED_TOKENS}: ${reason}`,
        () => `A token that ${settings.authority} calls active is refused: ${reason}.`,
      );
    }
    const got: ReceivedAnswer = { verdict, askedAtMilliseconds };
    if (verdict.status === 'active') this.recent?.set(key, got);
    else this.recent?.delete(key);
    return got;
  }
}

function isAccepted(
  { kind, issuer: claimed }: TokenForm,
  accepts: 'opaque' | 'jwt' | 'both',
  issuer: string | undefined,
): boolean {
  if (kind === 'opaque') return accepts !== 'jwt';
  return accepts !== 'opaque' && claimed === issuer;
}
