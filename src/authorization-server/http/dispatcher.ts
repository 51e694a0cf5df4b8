import type { Context } from 'koa';
import { RecentApplications } from '../clients/recent-applications.js';
import type { InnerDispatcher } from '../oidc/inner-dispatcher.js';
import type { EndpointContext } from '../server-context.js';
import { EndpointRequest, inOrder, type Next } from './endpoint-request.js';
import { listEndpoints } from './endpoints.js';
import { RefusalReaders } from './refusal-readers.js';
import type { Endpoint } from './request/endpoint.js';
import { answerRefusals } from './steps/answer-refusals.js';
import { answerCrossOrigin } from './steps/cross-origin.js';
import { endpointSteps } from './steps/endpoint-steps.js';

/** An endpoint, and what answers requests to it. */
export interface EndpointHandler {
  readonly endpoint: Endpoint;
  answer(outer: Context): Promise<void>;
}

/** The identifier of an interaction, as the last part of a path. */
const UID = /^[A-Za-z0-9_-]{20,64}$/;

/** Finds the endpoint of a path, and takes requests through its steps. */
export class EndpointDispatcher {
  /** Exactly these paths, since oidc-provider itself is lenient with case and slashes. */
  private readonly fixed = new Map<string, EndpointHandler>();
  /** The paths below which there is an endpoint for each interaction. */
  private readonly below: { readonly path: string; readonly endpoint: Endpoint; readonly run: Next }[] = [];

  constructor(context: EndpointContext, dispatcher: InnerDispatcher) {
    const { settings, findApplication, dependencies } = context;
    const applications = new RecentApplications(findApplication, dependencies.clock);
    const refusals = answerRefusals(context, new RefusalReaders(settings.issuer, applications));
    const steps = endpointSteps(context, dispatcher, applications);
    for (const { path, steps: own, ...endpoint } of listEndpoints(settings, steps)) {
      const run = inOrder([answerCrossOrigin, refusals, ...own]);
      if (path.endsWith('/')) this.below.push({ path, endpoint, run });
      else this.fixed.set(path, handler(endpoint, run));
    }
  }

  /** The endpoint at a path, if there is one. */
  at(path: string): EndpointHandler | undefined {
    const fixed = this.fixed.get(path);
    if (fixed !== undefined) return fixed;
    const found = this.below.find((one) => path.startsWith(one.path) && UID.test(path.slice(one.path.length)));
    return found && handler({ ...found.endpoint, innerPath: path }, found.run);
  }

  /** The handler for a path at which an authorization request continues; `undefined` for other paths. */
  resumeAt(path: string): ((outer: Context) => Promise<void>) | undefined {
    const found = this.at(path);
    const isResume = found?.endpoint.name === 'resume' || found?.endpoint.name === 'device_resume';
    return isResume ? found?.answer : undefined;
  }
}

function handler(endpoint: Endpoint, run: Next): EndpointHandler {
  return { endpoint, answer: async (outer) => run(new EndpointRequest(outer, endpoint)) };
}
