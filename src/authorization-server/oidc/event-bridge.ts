import type { EventEmitter } from 'node:events';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { TemporarilyUnavailableError } from '../../core/errors.js';
import { logFailure } from '../failure-log.js';
import type { ServerContext } from '../server-context.js';

/** What oidc-provider reports errors of endpoints under. */
const ERROR_EVENTS = [
  'authorization.error',
  'code_verification.error',
  'device_authorization.error',
  'device_resume.error',
  'discovery.error',
  'end_session.error',
  'end_session_confirm.error',
  'end_session_success.error',
  'grant.error',
  'introspection.error',
  'jwks.error',
  'pushed_authorization_request.error',
  'registration_create.error',
  'registration_delete.error',
  'registration_read.error',
  'registration_update.error',
  'revocation.error',
  'userinfo.error',
];

/** Tells the host's listeners, and the log, what oidc-provider reports. */
export function bridgeEvents(context: ServerContext, provider: Provider): void {
  const { dependencies } = context;
  const { events } = dependencies;
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
    logFailure(context, ctx.path, error);
  });
  // An outage is answered as an error of its endpoint; the request is not to blame for it.
  const emitter: EventEmitter = provider;
  for (const name of ERROR_EVENTS) {
    emitter.on(name, (ctx: KoaContextWithOIDC, error: Error) => {
      if (error.cause instanceof TemporarilyUnavailableError) logFailure(context, ctx.path, error);
    });
  }
}
