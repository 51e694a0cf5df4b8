import type { Context } from 'koa';
import type { KnownRefusal } from '../core/errors/known-refusal.js';
import type { PreparedAnswer } from '../resource-server/error-response.js';
import type { ActionPlan } from './plan.js';
import type { Refusals } from './request-refusals.js';

/** An action has a few known refusals, and one for each number of seconds that a throttle names, few of them at a time. */
const MOST = 32;

/** The responses to the known refusals of an action, each made when it is needed first. */
export class PreparedAnswers {
  private readonly answers = new Map<KnownRefusal, PreparedAnswer>();

  constructor(
    private readonly plan: ActionPlan,
    private readonly refusals: Refusals,
  ) {}

  /** `undefined`: the response to this refusal differs between requests. */
  of(context: Context, refusal: KnownRefusal): PreparedAnswer | undefined {
    const known = this.answers.get(refusal);
    if (known !== undefined) return known;
    const made = this.refusals.prepared(context, this.plan, refusal);
    if (made === undefined) return undefined;
    if (this.answers.size >= MOST) this.answers.clear();
    this.answers.set(refusal, made);
    return made;
  }
}
