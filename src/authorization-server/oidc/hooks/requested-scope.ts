import type { KoaContextWithOIDC } from 'oidc-provider';

/** The original scope of a request, by the parameters of the request. */
const asked = new WeakMap<object, string | undefined>();

/**
 * Records the scope of an authorization request before oidc-provider changes it: without `prompt=consent` it would
 * silently drop `offline_access`. OpenID Connect Core §11 requires that consent "unless other conditions for processing
 * the request permitting offline access" are in place, and they are: the user is asked for this scope like for every
 * other, unless the user has allowed it before or the application skips consent.
 */
export function noteAskedScope(ctx: KoaContextWithOIDC | undefined): void {
  const params = ctx?.oidc?.params;
  if (params !== undefined) asked.set(params, params.scope as string | undefined);
}

/** The scope as it was requested. It is recorded only once: later changes of the parameters have no effect on it. */
export function askedScope({ oidc }: KoaContextWithOIDC): string | undefined {
  const { params } = oidc;
  if (params === undefined) return undefined;
  const scope = asked.has(params) ? asked.get(params) : (params.scope as string | undefined);
  asked.delete(params);
  return scope;
}
