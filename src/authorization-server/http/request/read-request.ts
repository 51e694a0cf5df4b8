import type { Context } from 'koa';
import type { Endpoint } from '../endpoints.js';
import { BadRequest } from './bad-request.js';
import { type Parameters, parameter, readParameters, refuseRepeated } from './parameters.js';
import { readBody } from './request-body.js';

/** A request that was read and found in order, as far as its form goes. */
export interface ReadRequest {
  /** The path that oidc-provider knows, with the query. */
  readonly url: string;
  /** The method that oidc-provider sees, if it is another one. */
  readonly method?: 'GET';
  readonly body: string;
  /** The parameters of a form. */
  readonly parameters: Parameters;
  readonly userCode?: string | undefined;
}

/**
 * The body of a request, as text; empty where there is none. At once if there is nothing to wait for.
 *
 * @throws BadRequest also for a method that is not the endpoint's
 */
export function bodyOf(outer: Context, endpoint: Endpoint): string | Promise<string> {
  if (!endpoint.methods.includes(outer.method)) {
    throw new BadRequest('this method is not allowed here', 'invalid_request', 405, {
      Allow: endpoint.methods.join(', '),
    });
  }
  return outer.method === 'POST' ? readBody(outer, endpoint.body) : '';
}

const NONE: Parameters = [];

/** @throws BadRequest */
export function readRequest(outer: Context, endpoint: Endpoint, body: string): ReadRequest {
  const { search } = outer;
  const query = search === '' ? NONE : readParameters(search.slice(1));
  const parameters = endpoint.body === 'form' ? readParameters(body) : [];
  if (endpoint.authenticatesClients) {
    // RFC 6749 §2.3.1 and §3.2: parameters of these endpoints are in the body, credentials never in the URL.
    if (query.length > 0) throw new BadRequest('parameters must be in the body');
    refuseRepeated(parameters);
  }
  // RFC 8628 §3.3.1: a code that comes in the URL is shown in the field, for the user to compare and send himself.
  const userCode = endpoint.name === 'code_verification' ? parameter(query, 'user_code') : undefined;
  return { url: `${endpoint.innerPath}${userCode === undefined ? search : ''}`, body, parameters, userCode };
}
