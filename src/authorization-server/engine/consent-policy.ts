import type { KoaContextWithOIDC, interactionPolicy as policies } from 'oidc-provider';
import { interactionPolicy } from './oidc-provider.js';

/** What a browser is asked, and when: sign in, then consent. */
export function prompts(): policies.DefaultPolicy {
  const policy = interactionPolicy.base();
  // Of a user who was disabled meanwhile only the session is left; he has to sign in, which he cannot.
  policy.get('login')?.checks.add(
    new interactionPolicy.Check('user_gone', 'the user may not act any more', 'login_required', (ctx) => {
      const { session, account } = (ctx as KoaContextWithOIDC).oidc;
      return session?.accountId !== undefined && account === undefined;
    }),
  );
  // A remembered consent holds for native applications too, where their redirect URI proves who they are by no more
  // and no less than at the first time; PKCE protects the code (RFC 8252 §8.1).
  policy.get('consent')?.checks.remove('native_client_prompt');
  return policy;
}
