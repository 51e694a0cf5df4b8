import { after } from '../../../core/promises.js';
import { answerOptions, Cors } from '../cors.js';
import type { Step } from '../endpoint-request.js';

/**
 * Says which pages of other origins may read the answer, and answers OPTIONS. It comes before every throttle: a preflight
 * is the browser's own question, and is answered without looking anything up.
 */
export const answerCrossOrigin: Step = (request, next) => {
  const { outer, endpoint } = request;
  const cors = Cors.begin(outer, endpoint);
  if (outer.method === 'OPTIONS' && endpoint.methods.includes('OPTIONS')) return answerOptions(outer, endpoint, cors);
  request.cors = cors;
  return after(next(request), () => cors?.finish());
};
