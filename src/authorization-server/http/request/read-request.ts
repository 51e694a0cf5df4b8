import type { Context } from 'koa';
import { after } from '../../../core/promises.js';
import { BadRequest } from './bad-request.js';
import type { Endpoint } from './endpoint.js';
import { type Parameters, parameter, readParameters, refuseRepeated } from './parameters.js';
import { readBody } from './request-body.js';

/** A request that was read and is well-formed. */
export interface ReadRequest {
  /** The path as oidc-provider knows it, with the query. */
  readonly url: string;
  /** The method that oidc-provider sees, if it differs. */
  readonly method?: 'GET';
  readonly body: string;
  /** The parameters of a form. */
  readonly parameters: Parameters;
  /** The parameters of the URL. */
  readonly query: Parameters;
  readonly userCode?: string | undefined;
}

const NONE: Parameters = [];

/**
 * Reads a request; at once if there is nothing to wait for.
 *
 * @throws BadRequest also for a method that is not the endpoint's
 */
export function readRequest(outer: Context, endpoint: Endpoint): ReadRequest | Promise<ReadRequest> {
  if (!endpoint.methods.includes(outer.method)) {
    throw new BadRequest('this method is not allowed here', 'invalid_request', 405, {
      Allow: endpoint.methods.join(', '),
    });
  }
  const body = outer.method === 'POST' ? readBody(outer, endpoint.body) : '';
  return after(body, (text) => parsed(outer, endpoint, text));
}

function parsed({ search }: Context, { name, innerPath, body: kind }: Endpoint, body: string): ReadRequest {
  const query = search === '' ? NONE : readParameters(search.slice(1));
  const parameters = kind === 'form' ? readParameters(body) : NONE;
  // RFC 8628 §3.3.1: a code in the URL is filled into the field, for the user to compare and submit.
  const userCode = name === 'code_verification' ? parameter(query, 'user_code') : undefined;
  return { url: `${innerPath}${userCode === undefined ? search : ''}`, body, parameters, query, userCode };
}

/**
 * RFC 6749 §2.3.1 and §3.2: parameters of an endpoint at which applications authenticate are in the body, each once, and
 * credentials never in the URL.
 *
 * @throws BadRequest
 */
export function refuseAmbiguity({ query, parameters }: ReadRequest): void {
  if (query.length > 0) throw new BadRequest('parameters must be in the body');
  refuseRepeated(parameters);
}
