import type {
  KoaContextWithOIDC,
  interactionPolicy as policies,
  Interaction as StoredInteraction,
} from 'oidc-provider';
import type { Clock } from '../../../core/clock.js';
import type { HostLogin } from '../../options/host-login.js';
import type { LoginConditions } from '../../ports.js';
import { stateOf } from '../inner-state.js';
import { asOutage } from '../outage.js';

/** What is kept of the moment at which a login was asked for, beside what oidc-provider keeps. */
interface Beginning {
  /** oidc-provider counts in seconds, in which a sign-in before cannot be told from one after. */
  readonly askedAtMilliseconds?: number;
  readonly isSignedOut?: boolean;
}

/** Keeps the moment of every login that is asked for with its interaction. */
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
 * What a login has to meet. It follows from the request and not from what oidc-provider asks for: that takes every
 * login for a new one, also of a user of the host who has been signed in for long.
 */
export function loginConditionsOf(stored: StoredInteraction, clock: Clock): LoginConditions {
  const { params, prompt, iat } = stored;
  const { askedAtMilliseconds = iat * 1000, isSignedOut = false } = prompt.details as Beginning;
  return {
    sinceMilliseconds: sinceMilliseconds(params, askedAtMilliseconds, clock.nowMilliseconds()),
    wasSignedOut: isSignedOut,
  };
}

function sinceMilliseconds(
  params: StoredInteraction['params'],
  askedAtMilliseconds: number,
  nowMilliseconds: number,
): number | undefined {
  const prompts = String(params.prompt ?? '').split(' ');
  // oidc-provider has made `prompt=login` of `max_age=0`.
  if (prompts.includes('login')) return askedAtMilliseconds;
  if (params.max_age === undefined) return undefined;
  // Whoever signs in for this request may take his time.
  return Math.min(askedAtMilliseconds, nowMilliseconds - Number(params.max_age) * 1000);
}
