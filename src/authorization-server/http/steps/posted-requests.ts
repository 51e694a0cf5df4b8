import type { Context } from 'koa';
import type { EndpointPages } from '../../ports.js';
import type { Step } from '../endpoint-request.js';
import { BadRequest } from '../request/bad-request.js';
import type { Endpoint } from '../request/endpoint.js';
import type { ReadRequest } from '../request/read-request.js';

/** Longer addresses do not pass every proxy (RFC 9110 §4.1 asks for 8000 octets). */
const MAXIMUM_URL_LENGTH = 6_000;

/** Comes along with a form that was posted once more, from here. */
const POSTED_AGAIN = 'oauth2_posted_again';

/** Takes a request for people that was posted for the same by GET, with its parameters in the body. */
export function redirectPosted(pages: Pick<EndpointPages, 'formPost'>): Step {
  return async (request, next) => {
    const { outer, endpoint, read } = request;
    if (outer.method === 'POST') {
      const again = await requestPosted(outer, endpoint, read, pages);
      if (again === undefined) return;
      request.read = again;
    }
    return next(request);
  };
}

/**
 * A request for people that was posted (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). Its form comes from another
 * site, and browsers leave out the cookies of `SameSite=Lax` there: nobody would be signed in. So the browser is sent
 * to the same request by GET, which it makes with its cookies; one that is too long for an address it posts once more,
 * from a page of this server. What it means is then for GET to say.
 *
 * @returns what to go on with; `undefined`: it was answered
 * @throws BadRequest if there are parameters in the URL too
 */
async function requestPosted(
  outer: Context,
  endpoint: Endpoint,
  { parameters }: ReadRequest,
  pages: Pick<EndpointPages, 'formPost'>,
): Promise<ReadRequest | undefined> {
  if (outer.search !== '') throw new BadRequest('the parameters of a POST must be in the body');
  const own = parameters.filter(([name]) => name !== POSTED_AGAIN);
  const search =
    own.length === 0 ? '' : `?${new URLSearchParams(own.map(([name, value]) => [name, value] as [string, string]))}`;
  const wasPostedAgain = own.length < parameters.length;
  if (wasPostedAgain) return { url: endpoint.innerPath + search, method: 'GET', body: '', parameters: [], query: [] };
  outer.set('Cache-Control', 'no-store');
  const url = outer.path + search;
  if (url.length > MAXIMUM_URL_LENGTH) {
    await pages.formPost(outer, outer.path, [...own, [POSTED_AGAIN, 'yes']]);
    return undefined;
  }
  outer.redirect(url);
  outer.status = 303;
  return undefined;
}
