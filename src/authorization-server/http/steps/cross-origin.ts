import { after } from '../../../core/promises.js';
import { answerOptions, Cors } from '../cors.js';
import type { Step } from '../endpoint-request.js';

/**
 * Sets which other origins may read the answer, and answers OPTIONS. It precedes every throttle: browsers send
 * preflight requests on their own, and answering one needs no look-up.
 */
export const answerCrossOrigin: Step = (request, next) => {
  const { outer, endpoint } = request;
  const cors = Cors.begin(outer, endpoint);
  if (outer.method === 'OPTIONS' && endpoint.methods.includes('OPTIONS')) return answerOptions(outer, endpoint, cors);
  request.cors = cors;
  return after(next(request), () => cors?.finish());
};
