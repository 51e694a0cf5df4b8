import type { Context } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { OAuth2Error } from '../../core/errors.js';
import type { Application } from '../../storage/index.js';
import type { Endpoint } from '../http/request/endpoint.js';
import { Provider } from './oidc-provider.js';

/** What belongs to one request on its way through oidc-provider. */
export interface RequestState {
  /** The host's context; the pages write into it. */
  readonly outer: Context;
  readonly endpoint: Endpoint;
  /** Applications that were read for this request, by client identifier. */
  readonly applications: Map<string, Promise<Application | undefined>>;
  /** The user code of the query, which is shown in the field. */
  readonly userCode: string | undefined;
  /** Whether one of the pages has answered. */
  pageShown: boolean;
  /** What the request is refused for, as one of this package's errors. */
  refusal?: OAuth2Error;
  /** Whether the user may give nothing of what is asked for. */
  nothingGrantable?: boolean;
  /** Whether the user code that was entered is none that can be approved. */
  userCodeIsWrong?: boolean;
  /** Whether a secret was found to be right. */
  secretIsRight?: boolean;
  /** The answer to an application that has registered itself in this request. */
  registered?: Readonly<Record<string, unknown>> | undefined;
}

const states = new WeakMap<object, RequestState>();

export function attachState(inner: object, state: RequestState): void {
  states.set(inner, state);
}

/** The state of a request that oidc-provider works on. */
export function stateOf(inner: KoaContextWithOIDC | object): RequestState {
  const state = states.get(inner);
  if (state === undefined) throw new Error('This request did not come through the dispatcher.');
  return state;
}

/** The state of the request at hand; none outside of a request to an endpoint, as for a page. */
export function currentState(): RequestState | undefined {
  const inner: object | undefined = Provider.ctx;
  return inner === undefined ? undefined : states.get(inner);
}
