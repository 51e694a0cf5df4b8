import type Koa from 'koa';
import type { Context } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { OAuth2Error } from '../../core/errors.js';
import type { Application } from '../../storage/index.js';
import type { Endpoint } from '../http/request/endpoint.js';
import { Provider } from './oidc-provider.js';

/** The context in which oidc-provider handles a request. */
export type InnerContext = Koa.Context & KoaContextWithOIDC;

/** The state of one request that oidc-provider handles. */
export interface InnerState {
  /** The host's context, into which the pages are written. */
  readonly outer: Context;
  readonly endpoint: Endpoint;
  /** Applications that were read for this request, by client identifier. */
  readonly applications: Map<string, Promise<Application | undefined>>;
  /** The user code in the query, to be filled into the form. */
  readonly userCode: string | undefined;
  /** The JWT that it presents under an alias; see `presentedJwt`. */
  readonly presentedJwt: { readonly alias: string; readonly token: string } | undefined;
  /** Whether a page was shown. */
  pageShown: boolean;
  /** The error of this package with which the request is refused. */
  refusal?: OAuth2Error;
  /** Whether the user may grant none of the requested scopes. */
  nothingGrantable?: boolean;
  /** Whether the entered user code cannot be approved. */
  userCodeIsWrong?: boolean;
  /** Whether a secret was verified. */
  secretIsRight?: boolean;
  /** The response to an application that has registered itself in this request. */
  registered?: Readonly<Record<string, unknown>> | undefined;
}

const states = new WeakMap<object, InnerState>();

export function attachState(inner: object, state: InnerState): void {
  states.set(inner, state);
}

/** The state of a request that oidc-provider handles. */
export function stateOf(inner: KoaContextWithOIDC | object): InnerState {
  const state = states.get(inner);
  if (state === undefined) throw new Error('This request did not come through the dispatcher.');
  return state;
}

/** The state of the current request; `undefined` outside of endpoints, as for a page. */
export function currentState(): InnerState | undefined {
  const inner: object | undefined = Provider.ctx;
  return inner === undefined ? undefined : states.get(inner);
}
