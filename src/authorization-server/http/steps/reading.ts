import { after } from '../../../core/promises.js';
import type { Step } from '../endpoint-request.js';
import { readRequest, refuseAmbiguity } from '../request/read-request.js';

/** Reads the parameters of a request. Throws BadRequest for malformed parameters and for other methods. */
export const read: Step = (request, next) =>
  after(readRequest(request.outer, request.endpoint), (given) => {
    request.read = given;
    return next(request);
  });

/** The same for endpoints where applications authenticate: each parameter once, and all of them in the body. */
export const readFromApplication: Step = (request, next) =>
  after(readRequest(request.outer, request.endpoint), (given) => {
    refuseAmbiguity(given);
    request.read = given;
    return next(request);
  });
