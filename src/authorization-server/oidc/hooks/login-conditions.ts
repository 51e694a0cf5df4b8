import type {
  KoaContextWithOIDC,
  interactionPolicy as policies,
  Interaction as StoredInteraction,
} from 'oidc-provider';
import type { Clock } from '../../../core/clock.js';
import type { HostLogin } from '../../host-login.js';
import { type AcrOptions, reachedAcr, requestedAcrs } from '../../options/acr-options.js';
import type { LoginConditions } from '../../ports.js';
import { stateOf } from '../inner-state.js';
import { asOutage } from '../outage.js';

/** Data about the moment at which a login was requested, besides what oidc-provider stores. */
interface Beginning {
  /** oidc-provider counts in seconds, which cannot distinguish a sign-in just before from one just after. */
  readonly askedAtMilliseconds?: number;
  readonly isSignedOut?: boolean;
}

/** Stores the moment of every requested login in its interaction. */
export function noteBeginnings(prompt: policies.Prompt, login: HostLogin, clock: Clock): void {
  const userIdOf = asOutage(login.userId.bind(login));
  const detailsOf = prompt.details;
  prompt.details = async (ctx: KoaContextWithOIDC) => {
    const beginning: Beginning = {
      askedAtMilliseconds: clock.nowMilliseconds(),
      isSignedOut: (await userIdOf(stateOf(ctx).outer)) === undefined,
    };
    return { ...(await detailsOf(ctx)), ...beginning };
  };
}

/**
 * The conditions for a login. They are derived from the request rather than from oidc-provider's prompt, for which
 * every login is new, even if a user has been signed in at the host for a long time.
 */
export function loginConditionsOf(
  stored: StoredInteraction,
  clock: Clock,
  acr: AcrOptions | undefined,
): LoginConditions {
  const { params, prompt, iat } = stored;
  const { askedAtMilliseconds = iat * 1000, isSignedOut = false } = prompt.details as Beginning;
  const acrValues = requestedAcrs(acr, params.acr_values);
  return {
    sinceMilliseconds: sinceMilliseconds(params, askedAtMilliseconds, clock.nowMilliseconds()),
    wasSignedOut: isSignedOut,
    askedAtMilliseconds,
    acrValues,
    async lacksAcr(userId, context) {
      if (acrValues === undefined) return false;
      const reached = await reachedAcr(acr, userId, context);
      return reached === undefined || !acrValues.includes(reached);
    },
  };
}

function sinceMilliseconds(
  params: StoredInteraction['params'],
  askedAtMilliseconds: number,
  nowMilliseconds: number,
): number | undefined {
  const prompts = String(params.prompt ?? '').split(' ');
  // oidc-provider has converted `max_age=0` to `prompt=login`.
  if (prompts.includes('login')) return askedAtMilliseconds;
  if (params.max_age === undefined) return undefined;
  // A user who signs in for this request may take any time.
  return Math.min(askedAtMilliseconds, nowMilliseconds - Number(params.max_age) * 1000);
}
