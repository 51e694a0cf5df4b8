import type { AccessToken, AuthorizationCode, DeviceCode, KoaContextWithOIDC, RefreshToken } from 'oidc-provider';
import { formatScope, parseScope } from '../../../core/scopes.js';
import type { ServerContext } from '../../server-context.js';
import { applicationOf } from '../client-metadata.js';
import { errors } from '../oidc-provider.js';
import { grantableOf } from './grants.js';

type Source = AuthorizationCode | DeviceCode | RefreshToken;

const SOURCES: ReadonlySet<string> = new Set(['AuthorizationCode', 'DeviceCode', 'RefreshToken']);

/**
 * Limits what a code or a refresh token gives, just before it is used: a scope that the user or the application may not
 * have any more is in no token that results from it. oidc-provider requests the account together with the code or
 * token.
 *
 * @throws InvalidGrant if no scope is left, because even a token without scope would identify the user
 */
export async function boundSource(context: ServerContext, ctx: KoaContextWithOIDC, given: unknown): Promise<void> {
  const { client, params } = ctx.oidc;
  const source = given as Source | AccessToken;
  if (source.kind === 'AccessToken') return boundUserinfo(context, ctx, source);
  if (client === undefined || params === undefined || !SOURCES.has(source.kind)) return;
  const isRefresh = source.kind === 'RefreshToken';
  // A refresh request may ask for fewer scopes; it was checked before that they are not more.
  const asked = parseScope((isRefresh && (params.scope as string | undefined)) || (source.scope ?? ''));
  if (asked.length === 0) return;
  const application = applicationOf(client);
  const allowed = asked.filter((scope) => context.scopes.allows(scope, application));
  const left = await grantableOf(context, client.clientId, source.accountId ?? '', allowed);
  if (left.length === 0) throw new errors.InvalidGrant('none of the scopes that were granted may be given any more');
  // A refresh token keeps its scope (RFC 6749 §6); the limits are applied again at the next refresh.
  if (isRefresh) params.scope = formatScope(left);
  else source.scope = formatScope(left);
}

/**
 * Limits what userinfo returns: nothing that belongs to a scope which the user may not have any more, although the
 * access token is still valid. The grant omits scopes that the application may not have any more.
 *
 * @throws InsufficientScope if no scope is left
 */
async function boundUserinfo(
  { userScopes, findApplication }: ServerContext,
  ctx: KoaContextWithOIDC,
  token: AccessToken,
) {
  const { client, params } = ctx.oidc;
  if (!userScopes.areBounded || client === undefined || params === undefined) return;
  const application = await findApplication(client.clientId);
  if (application === undefined) return;
  // A request may ask for fewer scopes; it was checked before that they are not more.
  const asked = parseScope((params.scope as string | undefined) || (token.scope ?? ''));
  const left = await userScopes.grantable(token.accountId, application, asked);
  if (left.length === 0) {
    throw new errors.InsufficientScope('none of the scopes that were granted may be given any more', 'openid');
  }
  params.scope = formatScope(left);
}
