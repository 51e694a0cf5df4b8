import type { Interaction as StoredInteraction } from 'oidc-provider';

/**
 * Whom `id_token_hint` names (OpenID Connect Core §3.1.2.1), if it is given. Whether it is an ID token of ours was found
 * out when the request came; afterwards oidc-provider does not look at it again.
 */
export function hintedUserId({ params }: StoredInteraction): string | undefined {
  const { id_token_hint: hint } = params;
  if (typeof hint !== 'string') return undefined;
  const [, payload = ''] = hint.split('.');
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { readonly sub: string }).sub;
}
