import type { KoaContextWithOIDC } from 'oidc-provider';
import { parseScope } from '../../../core/scopes.js';

interface StepUpParameters {
  readonly acr_values: unknown;
  readonly max_age: unknown;
}

/** What was taken out of the parameters of a request, until it is put back. */
const held = new WeakMap<object, StepUpParameters | 'put back'>();

/**
 * Takes `acr_values` and `max_age` out of a request that is not one of OpenID Connect. oidc-provider refuses them there,
 * and RFC 9470 §4 has every OAuth client send them. They are put back right after that check.
 */
export function holdStepUpParameters(ctx: KoaContextWithOIDC | undefined): void {
  const params = ctx?.oidc?.params;
  if (params === undefined || held.has(params)) return;
  if (typeof params.scope === 'string' && parseScope(params.scope).includes('openid')) return;
  const { acr_values, max_age } = params;
  held.set(params, { acr_values, max_age });
  params.acr_values = undefined;
  params.max_age = undefined;
}

/** Puts them back, for the checks that see to them. */
export function putBackStepUpParameters({ oidc: { params } }: KoaContextWithOIDC): void {
  const taken = params === undefined ? undefined : held.get(params);
  if (params === undefined || taken === undefined || taken === 'put back') return;
  held.set(params, 'put back');
  Object.assign(params, taken);
}
