import { keyOfDigest, sha256 } from '../../core/digest.js';
import { formOf } from '../../core/token-form.js';
import type { EndpointContext } from '../server-context.js';

/**
 * Completes the revocation of a token that oidc-provider did not find, although there is one, and would acknowledge while it is
 * admitted elsewhere. It was revoked before: perhaps by a request that was answered 503, because the caches could not be told,
 * or because the database went away before the rest of the family was revoked. Or its row holds something that only guards
 * have no use for.
 *
 * @throws TemporarilyUnavailableError if the caches cannot be told now either
 */
export async function repeatRevocation(
  { dependencies }: EndpointContext,
  token: string,
  clientId: string | undefined,
): Promise<void> {
  const { tokens, opaqueTokens } = dependencies;
  const isForged = formOf(token).kind === 'opaque' && opaqueTokens.isForged(token);
  if (isForged && (await opaqueTokens.isStillForged(token))) return;
  const digest = sha256(token);
  const accessToken = await tokens.findAccessTokenByHash(digest);
  const found = accessToken ?? (await tokens.findRefreshTokenByHash(digest));
  // One that has expired is admitted nowhere, and whoever has it must not end what lives on.
  if (
    found === undefined ||
    found.isExpired(dependencies.clock.nowMilliseconds()) ||
    found.application?.clientId !== clientId
  )
    return;
  if (accessToken !== undefined) await tokens.revokeAccessToken(digest);
  const { familyId } = found;
  const family = typeof familyId === 'string' ? await tokens.revokeFamily(familyId) : [];
  await dependencies.invalidate([keyOfDigest(digest), ...family]);
}
