import './quiet-import.js';

import { errors, interactionPolicy, Provider } from 'oidc-provider';
// @ts-expect-error it has no types
import readParts from 'oidc-provider/lib/helpers/weak_cache.js';
import { heldMessages } from './quiet-import.js';

import './quiet-import-end.js';

/** The only place where oidc-provider is loaded. */
export { errors, heldMessages, interactionPolicy, Provider };

/** The internal parts of a provider that patches replace. */
export interface ProviderParts {
  DPoPNonces?: { nextChallenge(): string; checkChallenge(nonce: string): boolean };
}

/** The internal parts of a provider. */
export function partsOf(provider: Provider): ProviderParts {
  return readParts(provider) as ProviderParts;
}
