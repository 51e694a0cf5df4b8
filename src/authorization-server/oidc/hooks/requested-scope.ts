import type { KoaContextWithOIDC } from 'oidc-provider';

/** The scope of a request as it came, by the request's parameters. */
const asked = new WeakMap<object, string | undefined>();

/**
 * Notes the scope of an authorization request before oidc-provider changes it: without `prompt=consent` it would drop
 * `offline_access` without a word. OpenID Connect Core §11 asks for that consent "unless other conditions for processing
 * the request permitting offline access" are in place, and here they are: the user is asked for this scope as for every
 * other, unless he has allowed it before or the application skips the question.
 */
export function noteAskedScope(ctx: KoaContextWithOIDC | undefined): void {
  const params = ctx?.oidc?.params;
  if (params !== undefined) asked.set(params, params.scope as string | undefined);
}

/** The scope as it was asked for. It is noted once: what is put into the parameters afterwards holds. */
export function askedScope({ oidc }: KoaContextWithOIDC): string | undefined {
  const { params } = oidc;
  if (params === undefined) return undefined;
  const scope = asked.has(params) ? asked.get(params) : (params.scope as string | undefined);
  asked.delete(params);
  return scope;
}
