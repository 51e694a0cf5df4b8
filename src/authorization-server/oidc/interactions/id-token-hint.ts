import type { Interaction as StoredInteraction } from 'oidc-provider';

/**
 * The user named by `id_token_hint` (OpenID Connect Core §3.1.2.1), if it is present. The ID token was verified when
 * the request arrived; oidc-provider does not check it again.
 */
export function hintedUserId({ params }: StoredInteraction): string | undefined {
  const { id_token_hint: hint } = params;
  if (typeof hint !== 'string') return undefined;
  const [, payload = ''] = hint.split('.');
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { readonly sub: string }).sub;
}
