import { keyOfDigest, sha256 } from '../../core/digest.js';
import type { EndpointContext } from '../server-context.js';

/**
 * Completes the revocation of a token that was revoked before: perhaps by a request that was answered 503, because the
 * caches could not be told, or because the database went away before the rest of the family was revoked. oidc-provider
 * finds no such token, and would acknowledge what is still admitted elsewhere.
 *
 * @throws TemporarilyUnavailableError if the caches cannot be told now either
 */
export async function repeatRevocation(
  { dependencies }: EndpointContext,
  token: string,
  clientId: string | undefined,
): Promise<void> {
  const { tokens } = dependencies;
  const digest = sha256(token);
  const found = (await tokens.findAccessTokenByHash(digest)) ?? (await tokens.findRefreshTokenByHash(digest));
  if (found === undefined || !found.isRevoked() || found.application?.clientId !== clientId) return;
  const family = found.familyId === null ? [] : await tokens.revokeFamily(found.familyId);
  await dependencies.invalidate([keyOfDigest(digest), ...family]);
}
