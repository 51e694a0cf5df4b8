import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { EngineContext } from './context.js';

/** Tells the host's listeners, and the log, what oidc-provider reports. */
export function observe({ parts }: EngineContext, provider: Provider): void {
  const { events, logger } = parts;
  provider.on('grant.success', (ctx: KoaContextWithOIDC) => {
    const { AccessToken, ClientCredentials, RotatedRefreshToken } = ctx.oidc.entities;
    const token = AccessToken ?? ClientCredentials;
    if (token?.clientId === undefined) return;
    events.emit(RotatedRefreshToken === undefined ? 'token.issued' : 'token.refreshed', {
      clientId: token.clientId,
      userId: AccessToken?.accountId,
      grantType: String(ctx.oidc.params?.grant_type),
      scopes: [...token.scopes].filter((scope) => scope !== ''),
      familyId: AccessToken?.grantId,
    });
  });
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: Error) => {
    logger.error(`The authorization server failed at ${ctx.path}: ${error.stack ?? error.message}`);
  });
}
