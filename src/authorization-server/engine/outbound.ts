/** The largest key set of an application that is read, in bytes. */
export const MAXIMUM_KEY_SET_BYTES = 64 * 1024;

/**
 * Fetches what an application names (its keys): by https only, and without following it elsewhere. Time and addresses of
 * private networks are refused by oidc-provider, through a dispatcher that it gives along. Where it could make none (a
 * host that has put one of its own for the whole process, such as a proxy's) it would only warn; here nothing is fetched.
 */
export async function fetchOutside(input: string | URL | Request, options?: RequestInit): Promise<Response> {
  const url = input instanceof Request ? input.url : input;
  if (new URL(url).protocol !== 'https:') throw new TypeError('Only https is fetched.');
  if ((options as { readonly dispatcher?: unknown } | undefined)?.dispatcher === undefined) {
    throw new TypeError('Nothing is fetched where addresses of private networks cannot be refused.');
  }
  return fetch(input, { ...options, redirect: 'error' });
}
