import type { KoaContextWithOIDC, interactionPolicy as policies } from 'oidc-provider';
import type { Clock } from '../../core/clock.js';
import type { HostLogin } from '../host-login.js';
import { noteBeginnings } from './login-conditions.js';
import { interactionPolicy } from './oidc-provider.js';
import { asOutage } from './outage.js';
import { stateOf } from './request-state.js';

/**
 * What a browser is asked, and when: sign in, then consent.
 *
 * @param login the host's own login, if it has one: it says who is there, and a session of ours only follows it
 */
export function prompts(login: HostLogin | undefined, clock: Clock): policies.DefaultPolicy {
  const policy = interactionPolicy.base();
  // Of a user who was disabled meanwhile only the session is left; he has to sign in, which he cannot.
  policy.get('login')?.checks.add(
    new interactionPolicy.Check('user_gone', 'the user may not act any more', 'login_required', (ctx) => {
      const { session, account } = (ctx as KoaContextWithOIDC).oidc;
      return session?.accountId !== undefined && account === undefined;
    }),
  );
  if (login !== undefined) {
    noteBeginnings(policy.get('login') as policies.Prompt, login, clock);
    const userIdOf = asOutage(login.userId.bind(login));
    // Signed out at the host, or somebody else by now: nobody acts in the name of who was here before.
    policy.get('login')?.checks.add(
      new interactionPolicy.Check(
        'user_changed',
        'the user is not signed in any more',
        'login_required',
        async (ctx) => {
          const { session } = (ctx as KoaContextWithOIDC).oidc;
          return session?.accountId !== undefined && session.accountId !== (await userIdOf(stateOf(ctx).outer));
        },
      ),
    );
  }
  // A remembered consent holds for native applications too, where their redirect URI proves who they are by no more
  // and no less than at the first time; PKCE protects the code (RFC 8252 §8.1).
  policy.get('consent')?.checks.remove('native_client_prompt');
  return policy;
}
