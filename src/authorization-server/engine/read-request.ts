import type { Context } from 'koa';
import { BadRequest } from './bad-request.js';
import type { Endpoint } from './endpoints.js';
import { type Parameters, parameter, readParameters, refuseRepeated } from './parameters.js';
import { readBody } from './request-body.js';

/** A request that was read and found in order, as far as its form goes. */
export interface ReadRequest {
  /** The path that oidc-provider knows, with the query. */
  readonly url: string;
  readonly body: string;
  /** The parameters of a form. */
  readonly parameters: Parameters;
  readonly userCode: string | undefined;
}

/** @throws BadRequest */
export async function readRequest(outer: Context, endpoint: Endpoint): Promise<ReadRequest> {
  if (!endpoint.methods.includes(outer.method)) {
    throw new BadRequest('this method is not allowed here', 'invalid_request', 405, {
      Allow: endpoint.methods.join(', '),
    });
  }
  const query = readParameters(outer.querystring);
  const body = outer.method === 'POST' ? await readBody(outer, endpoint.body) : '';
  const parameters = endpoint.body === 'form' ? readParameters(body) : [];
  if (endpoint.authenticatesClients) {
    // RFC 6749 §2.3.1 and §3.2: parameters of these endpoints are in the body, credentials never in the URL.
    if (query.length > 0) throw new BadRequest('parameters must be in the body');
    refuseRepeated(parameters);
  }
  // RFC 8628 §3.3.1: a code that comes in the URL is shown in the field, for the user to compare and send himself.
  const userCode = endpoint.name === 'code_verification' ? parameter(query, 'user_code') : undefined;
  return { url: `${endpoint.innerPath}${userCode === undefined ? outer.search : ''}`, body, parameters, userCode };
}
