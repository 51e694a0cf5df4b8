import type { Context } from 'koa';
import type { EndpointPages } from '../../ports.js';
import type { Step } from '../endpoint-request.js';
import { BadRequest } from '../request/bad-request.js';
import type { Endpoint } from '../request/endpoint.js';
import type { ReadRequest } from '../request/read-request.js';

/** Some proxies refuse longer URLs (RFC 9110 §4.1 recommends supporting 8000 octets). */
const MAXIMUM_URL_LENGTH = 6_000;

/** Marks a form that a page of this server has posted again. */
const POSTED_AGAIN = 'oauth2_posted_again';

/** Accepts by POST a browser request that is otherwise made by GET, with its parameters in the body. */
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
 * Handles a browser request that was posted (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). The form comes from
 * another site, so browsers do not send `SameSite=Lax` cookies with it, and nobody would be signed in. Therefore the
 * browser is redirected to the same request by GET, which includes its cookies; if it is too long for a URL, a page of
 * this server posts it again. GET then handles it.
 *
 * @returns the request to continue with; `undefined` if it was answered
 * @throws BadRequest if there are also parameters in the URL
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
