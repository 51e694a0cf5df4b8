import type { Provider } from 'oidc-provider';
import type { DPoPNonces } from '../../server-dependencies.js';
import { partsOf } from '../oidc-provider.js';

/**
 * Makes and accepts the nonces of DPoP proofs (RFC 9449 §8) as the guards do. Clients remember one nonce for an origin:
 * with two kinds of nonces, a client that calls the token endpoint and a guard of one origin in turns would be refused
 * each time, and repeat each request.
 *
 * Patched: `DPoPNonces`, an internal part of the provider.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/rfc9449/token-endpoint-nonces.test.ts`
 */
export function shareNonces(provider: Provider, nonces: DPoPNonces): void {
  const parts = partsOf(provider);
  if (parts.DPoPNonces === undefined) throw new Error('oidc-provider has no DPoPNonces to replace.');
  parts.DPoPNonces = { nextChallenge: () => nonces.current(), checkChallenge: (nonce) => nonces.accepts(nonce) };
}
