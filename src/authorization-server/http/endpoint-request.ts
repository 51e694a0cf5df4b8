import type { Context } from 'koa';
import type { Dispatched } from '../oidc/inner-dispatcher.js';
import type { Cors } from './cors.js';
import type { Endpoint } from './request/endpoint.js';
import { type PresentedClient, presentedClient } from './request/presented-client.js';
import type { ReadRequest } from './request/read-request.js';

/** A request on its way through the steps of its endpoint, and what they found out about it. */
export class EndpointRequest {
  /** How oidc-provider has dealt with it; `undefined` until then, and where it was not asked. */
  dispatched: Dispatched | undefined;
  /** What tells browsers which pages of other origins may read the answer. */
  cors: Cors | undefined;
  private given: ReadRequest | undefined;
  private presented: PresentedClient | undefined | null = null;

  constructor(
    /** The host's context. */
    readonly outer: Context,
    readonly endpoint: Endpoint,
  ) {}

  /** Whether it was read, and found in order as far as its form goes. */
  get isRead(): boolean {
    return this.given !== undefined;
  }

  /** @throws Error if no step before has read it: a mistake in the list of steps */
  get read(): ReadRequest {
    if (this.given === undefined) throw new Error(`The steps of ${this.endpoint.name} need it before it is read.`);
    return this.given;
  }

  set read(read: ReadRequest) {
    this.given = read;
  }

  /** What an application proves itself by, parsed once; `undefined` if it presents no credentials. */
  get client(): PresentedClient | undefined {
    if (this.presented === null) this.presented = presentedClient(this.outer, this.read.parameters);
    return this.presented;
  }
}

/** Goes on with a request. */
export type Next = (request: EndpointRequest) => void | Promise<void>;

/**
 * One step of an endpoint: refuses the request by throwing, answers it, or goes on, and may do something after the steps
 * behind it. A step that has nothing to wait for answers synchronously.
 */
export type Step = (request: EndpointRequest, next: Next) => void | Promise<void>;

/** Makes one function of steps, of which the last has to answer. */
export function inOrder(steps: readonly Step[]): Next {
  const unanswered: Next = ({ endpoint }) => {
    throw new Error(`No step of ${endpoint.name} has answered.`);
  };
  return steps.reduceRight<Next>((next, step) => (request) => step(request, next), unanswered);
}
