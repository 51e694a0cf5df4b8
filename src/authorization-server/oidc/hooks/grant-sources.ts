import type { AccessToken, AuthorizationCode, DeviceCode, KoaContextWithOIDC, RefreshToken } from 'oidc-provider';
import { formatScope, parseScope } from '../../../core/scopes.js';
import type { ServerContext } from '../../server-context.js';
import { applicationOf } from '../client-metadata.js';
import { errors } from '../oidc-provider.js';
import { grantableOf } from './grants.js';

type Source = AuthorizationCode | DeviceCode | RefreshToken;

const SOURCES: ReadonlySet<string> = new Set(['AuthorizationCode', 'DeviceCode', 'RefreshToken']);

/**
 * Bounds what a code or a refresh token gives, right before it does: a scope that the user may not have any more, or the
 * application, is in no token that comes of it. oidc-provider asks for the account with what it is about to exchange.
 *
 * @throws InvalidGrant if nothing is left: a token without scope would still say who the user is
 */
export async function boundSource(context: ServerContext, ctx: KoaContextWithOIDC, given: unknown): Promise<void> {
  const { client, params } = ctx.oidc;
  const source = given as Source | AccessToken;
  if (source.kind === 'AccessToken') return boundUserinfo(context, ctx, source);
  if (client === undefined || params === undefined || !SOURCES.has(source.kind)) return;
  const isRefresh = source.kind === 'RefreshToken';
  // A refresh request may ask for fewer; that they are no more was found out before.
  const asked = parseScope((isRefresh && (params.scope as string | undefined)) || (source.scope ?? ''));
  if (asked.length === 0) return;
  const application = applicationOf(client);
  const allowed = asked.filter((scope) => context.scopes.allows(scope, application));
  const left = await grantableOf(context, client.clientId, source.accountId ?? '', allowed);
  if (left.length === 0) throw new errors.InvalidGrant('none of the scopes that were granted may be given any more');
  // A refresh token keeps its scope (RFC 6749 §6): it is asked again at the next refresh.
  if (isRefresh) params.scope = formatScope(left);
  else source.scope = formatScope(left);
}

/**
 * Bounds what userinfo tells: nothing that belongs to a scope which the user may not have any more, though the access
 * token is good until it ends. What the application may not have any more, its grant leaves out.
 *
 * @throws InsufficientScope if nothing is left
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
  // A request may ask for fewer; that they are no more was found out before.
  const asked = parseScope((params.scope as string | undefined) || (token.scope ?? ''));
  const left = await userScopes.grantable(token.accountId, application, asked);
  if (left.length === 0) {
    throw new errors.InsufficientScope('none of the scopes that were granted may be given any more', 'openid');
  }
  params.scope = formatScope(left);
}
