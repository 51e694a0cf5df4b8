import type Koa from 'koa';
import type { Provider } from 'oidc-provider';

type Cookies = Koa.Context['cookies'];

/**
 * oidc-provider carries the id of an interaction in cookies of its path. Here it stands in the URL, and the interaction is
 * bound to the browser, so those cookies are neither sent nor read: none can be planted, and their number is not the
 * number of interactions.
 *
 * Patched: `cookies` of the request's context, for two names.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/rfc9700/browser-binding.test.ts`
 *
 * @param uid the interaction that a URL names
 */
export function withoutInteractionCookies(cookies: Cookies, provider: Provider, uid: string | undefined): Cookies {
  const names = new Set([provider.cookieName('interaction'), provider.cookieName('resume')]);
  const get: Cookies['get'] = (name, options) => (names.has(name) ? uid : cookies.get(name, options));
  const set = ((name: string, ...rest: never[]) =>
    names.has(name) ? cookies : cookies.set(name, ...rest)) as Cookies['set'];
  return Object.assign(Object.create(cookies) as Cookies, { get, set });
}
