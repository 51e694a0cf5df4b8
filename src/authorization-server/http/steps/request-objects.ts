import type { Step } from '../endpoint-request.js';
import { BadRequest } from '../request/bad-request.js';
import { parameter } from '../request/parameters.js';

/**
 * Refuses signed requests (RFC 9101) where a device begins: its request goes from the application to this server and no
 * browser carries it. oidc-provider would take one, but asks about the application before it reads what is signed, and
 * the scope beside it would hold.
 */
export const refuseRequestObjects: Step = (request, next) => {
  if (parameter(request.read.parameters, 'request') === undefined) return next(request);
  throw new BadRequest('devices begin without a request object', 'request_not_supported');
};
