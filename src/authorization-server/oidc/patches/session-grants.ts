import type { Grant, Provider } from 'oidc-provider';
import { withinPayload } from './payload-members.js';

/** Members of a grant besides those of oidc-provider. */
interface WithSession {
  /**
   * The second identifier of the session, which stays the same as long as the session lives. Stored only as SHA-256.
   */
  sessionUid?: string | undefined;
}

/**
 * Lets a grant end with its session. Not so if `offline_access` was granted: it is there for when the user is away
 * (OpenID Connect Core §11).
 */
export function ofSession(grant: Grant, granted: readonly string[], sessionUid: string | undefined): void {
  if (!granted.includes('offline_access')) (grant as Grant & WithSession).sessionUid = sessionUid;
}

/**
 * Lets grants keep the session that they end with.
 *
 * Patched: `Grant.IN_PAYLOAD`, the list of members that are stored.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/openid-connect/offline-access.test.ts`
 */
export function keepSessionOfGrants({ Grant }: Provider): void {
  withinPayload(Grant, ['sessionUid']);
}
