import type { EventEmitter } from 'node:events';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { TemporarilyUnavailableError } from '../../core/errors.js';
import { logFailure } from '../failure-log.js';
import type { ServerContext } from '../server-context.js';
import { currentState } from './inner-state.js';
import { signingKeyUse } from './signing-key-use.js';

/** The events by which oidc-provider reports errors of endpoints. */
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

/** Forwards oidc-provider's events to the host's listeners and the log. */
export function bridgeEvents(context: ServerContext, provider: Provider): void {
  const { dependencies } = context;
  const { events } = dependencies;
  provider.on('grant.success', (ctx: KoaContextWithOIDC) => {
    const { AccessToken, ClientCredentials, RotatedRefreshToken } = ctx.oidc.entities;
    const token = AccessToken ?? ClientCredentials;
    const { clientId } = token ?? {};
    if (token === undefined || clientId === undefined) return;
    events.tell(RotatedRefreshToken === undefined ? 'token.issued' : 'token.refreshed', () => ({
      clientId,
      userId: AccessToken?.accountId,
      grantType: String(ctx.oidc.params?.grant_type),
      scopes: [...token.scopes].filter((scope) => scope !== ''),
      familyId: AccessToken?.grantId,
    }));
  });
  provider.on('grant.success', ({ body }: { readonly body?: unknown }) => {
    const { access_token: accessToken, id_token: idToken } = (body ?? {}) as Readonly<Record<string, unknown>>;
    for (const token of [accessToken, idToken]) {
      const use = signingKeyUse(token);
      if (use !== undefined)
        events.tell('key.used', () => ({ purpose: 'sign', issuer: context.settings.issuer.identifier, ...use }));
    }
  });
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: Error) => {
    logFailure(context, ctx.path, error, currentState()?.outer);
  });
  // An outage is reported as an error of its endpoint, although the request did not cause it.
  const emitter: EventEmitter = provider;
  for (const name of ERROR_EVENTS) {
    emitter.on(name, (ctx: KoaContextWithOIDC, error: Error) => {
      if (error.cause instanceof TemporarilyUnavailableError)
        logFailure(context, ctx.path, error, currentState()?.outer);
    });
  }
}
