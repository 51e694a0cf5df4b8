/** The largest key set of an application that is read, in bytes. */
export const MAXIMUM_KEY_SET_BYTES = 64 * 1024;

/**
 * Fetches what an application names (its keys): by https only, and without following it elsewhere. Time and addresses of
 * private networks are oidc-provider's to refuse, which it does.
 */
export async function fetchOutside(input: string | URL | Request, options?: RequestInit): Promise<Response> {
  const url = input instanceof Request ? input.url : input;
  if (new URL(url).protocol !== 'https:') throw new TypeError('Only https is fetched.');
  return fetch(input, { ...options, redirect: 'error' });
}
