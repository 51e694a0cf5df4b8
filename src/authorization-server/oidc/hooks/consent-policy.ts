import type { KoaContextWithOIDC, interactionPolicy as policies } from 'oidc-provider';
import type { Clock } from '../../../core/clock.js';
import type { Settings } from '../../options/authorization-server-options.js';
import { stateOf } from '../inner-state.js';
import { errors, interactionPolicy } from '../oidc-provider.js';
import { asOutage } from '../outage.js';
import { noteBeginnings } from './login-conditions.js';
import { isAskedEachTime, NATIVE_CLIENT_PROMPT } from './native-clients.js';
import { addStepUp } from './step-up.js';

/**
 * The prompts in their order: login, then consent.
 *
 * @param settings with the host's own login, if it has one: it says who is there, and a session of ours only follows it
 */
export function prompts({ options: { login }, acr }: Settings, clock: Clock): policies.DefaultPolicy {
  const policy = interactionPolicy.base();
  // A user who was disabled meanwhile may still have a session and has to sign in, which fails.
  policy.get('login')?.checks.add(
    new interactionPolicy.Check('user_gone', 'the user may not act any more', 'login_required', (ctx) => {
      const { session, account } = (ctx as KoaContextWithOIDC).oidc;
      return session?.accountId !== undefined && account === undefined;
    }),
  );
  if (acr !== undefined) addStepUp(policy.get('login') as policies.Prompt, acr);
  if (login !== undefined) {
    noteBeginnings(policy.get('login') as policies.Prompt, login, clock);
    const userIdOf = asOutage(login.userId.bind(login));
    // Signed out at the host, or another user now: nobody acts in the name of the earlier user.
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
  // Checked for the user who is signed in for this request, so after the login. No one is asked for scopes that they
  // may not grant.
  policy.get('consent')?.checks.add(
    new interactionPolicy.Check('nothing_grantable', 'the user may give nothing of it', 'access_denied', (ctx) => {
      if (stateOf(ctx).nothingGrantable === true) {
        throw new errors.AccessDenied(undefined, 'the user may not have any of the requested scopes');
      }
      return false;
    }),
  );
  // oidc-provider's own check uses `application_type`, which the application itself declares. RFC 8252 §8.6: also if
  // the user has approved it before; and `skipAuthorization` does not say who is asking.
  policy.get('consent')?.checks.remove(NATIVE_CLIENT_PROMPT);
  policy.get('consent')?.checks.add(
    new interactionPolicy.Check(
      NATIVE_CLIENT_PROMPT,
      'this application needs the consent of the user each time',
      'consent_required',
      (ctx) => {
        const request = ctx as KoaContextWithOIDC;
        return isAskedEachTime(request) && request.oidc.result?.consent === undefined;
      },
    ),
  );
  return policy;
}
