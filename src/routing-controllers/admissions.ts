import type { Context } from 'koa';
import type { Topic } from '../core/events/topic.js';
import type { LogLimiter } from '../core/log-limiter.js';
import { loggedFailure } from '../core/logged-failure.js';
import type { Observation } from '../core/observation/observation.js';
import type { Tracer } from '../core/observation/tracing.js';
import type { RequestAccess } from '../resource-server/request-access.js';
import { type AskedContext, actionOf } from './access-event.js';
import type { ActionPlan } from './plan.js';

/** Counts the requests that a guard lets pass, and tells of them. This is on the way of every request. */
export class Admissions {
  private readonly granted: Topic<'access.granted'>;

  constructor(
    private readonly observation: Observation,
    private readonly asked: AskedContext,
    private readonly log: LogLimiter,
  ) {
    this.granted = observation.events.topics['access.granted'];
  }

  /** A request passed the requirement of its action, and its throttle. */
  of(access: RequestAccess, plan: ActionPlan): void {
    this.observation.statistics.access[plan.requirement === undefined ? 'public' : 'granted'] += 1;
    this.granted.count += 1;
    if (this.granted.isHeard) this.tell(access.context, plan, access);
    const { tracer } = this.observation.tracing;
    if (tracer !== undefined) trace(tracer, plan, access);
  }

  /** A request passed to a public action, whose caller nobody asked for. */
  ofPublic(context: Context, plan: ActionPlan): void {
    this.observation.statistics.access.public += 1;
    this.granted.count += 1;
    if (this.granted.isHeard) this.tell(context, plan, undefined);
    const { tracer } = this.observation.tracing;
    if (tracer !== undefined) trace(tracer, plan, undefined);
  }

  private tell(context: Context, plan: ActionPlan, access: RequestAccess | undefined): void {
    try {
      const token = access?.token;
      // Written out, since a spread costs as much as all the rest.
      this.granted.emitLater({
        action: actionOf(context, plan),
        requestId: this.asked.requestId(context),
        requestMethod: context.req.method as string,
        address: this.asked.address(context),
        userId: access?.userId,
        clientId: token?.clientId,
        issuer: token?.issuer,
        subject: token?.issuer === undefined ? undefined : token.subject,
        authType: access?.authType,
      });
    } catch (error) {
      // The address comes from the host. A request that may pass is not refused because of it.
      const { kind, describe } = loggedFailure(error);
      this.log.error(kind, () => `The event access.granted failed: ${describe()}`);
    }
  }
}

function trace(tracer: Tracer, { label, requirement }: ActionPlan, access: RequestAccess | undefined): void {
  tracer.decided({
    outcome: requirement === undefined ? 'public' : 'granted',
    action: label,
    authType: access?.authType,
    clientId: access?.token?.clientId,
    userId: access?.userId,
  });
}
