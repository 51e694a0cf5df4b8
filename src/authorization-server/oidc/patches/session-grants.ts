import type { Provider } from 'oidc-provider';
import { withinPayload } from './payload-members.js';

/**
 * Lets grants keep the session that they end with (`endWithSession`).
 *
 * Patched: `Grant.IN_PAYLOAD`, the list of members that are stored.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/openid-connect/offline-access.test.ts`
 */
export function keepSessionOfGrants({ Grant }: Provider): void {
  withinPayload(Grant, ['sessionUid']);
}
