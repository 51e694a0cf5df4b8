import type { Grant, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { parseScope } from '../../../core/scopes.js';
import type { RandomBytes } from '../../../core/token-value.js';
import { grantLifetime } from '../../grants/lifetimes.js';
import type { ServerContext } from '../../server-context.js';
import { applicationOf } from '../client-metadata.js';
import { stateOf } from '../inner-state.js';
import { isNativeRequest } from '../interactions/native-clients.js';
import { ofSession } from '../patches/session-grants.js';

/** What a grant is made for. */
export interface GrantRequest {
  readonly clientId: string;
  readonly userId: string;
  /** The scopes that are granted. */
  readonly granted: readonly string[];
  /** The scopes that were asked for and refused, so that they are not asked for again at once. */
  readonly refused?: readonly string[];
  /** The resources of the request, with the scopes that mean something there. */
  readonly resources: Readonly<Record<string, ReadonlySet<string>>>;
  /** The second identifier of the browser session that it is made in; `undefined` where it is none's. */
  readonly sessionUid: string | undefined;
  /** How long it lives: as the tokens of its application. */
  readonly lifetimeSeconds: number;
}

/**
 * Makes a grant and stores it. It is the family of the tokens that are issued for it, so every authorization has one of
 * its own.
 */
export async function createGrant(provider: Provider, random: RandomBytes, request: GrantRequest): Promise<Grant> {
  const grant = newGrant(provider, request);
  // Not a secret: it only says which tokens belong together.
  grant.jti = random(16).toString('base64url');
  await grant.save();
  return grant;
}

function newGrant(provider: Provider, request: GrantRequest): Grant {
  const { clientId, userId, granted, refused = [], resources, sessionUid, lifetimeSeconds } = request;
  // `expiresIn` is a property of every token of oidc-provider's, which the types do not name.
  const properties = { clientId, accountId: userId, expiresIn: lifetimeSeconds };
  const grant = new provider.Grant(properties);
  ofSession(grant, granted, sessionUid);
  if (granted.length > 0) grant.addOIDCScope([...granted]);
  if (refused.length > 0) grant.rejectOIDCScope([...refused]);
  for (const [resource, known] of Object.entries(resources)) {
    const there = granted.filter((scope) => known.has(scope));
    const notThere = refused.filter((scope) => known.has(scope));
    if (there.length > 0) grant.addResourceScope(resource, there);
    if (notThere.length > 0) grant.rejectResourceScope(resource, notThere);
  }
  return grant;
}

/**
 * What the user has granted this application before, as a grant for this request: stored if it is all that is asked
 * for. Applications that skip the question have everything granted.
 */
export async function existingGrant(context: ServerContext, ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { oidc } = ctx;
  const { client, account, provider } = oidc;
  if (client === undefined || account === undefined) return undefined;
  const decided = oidc.result?.consent?.grantId;
  if (decided !== undefined) {
    const grant = await provider.Grant.find(decided);
    return grant?.accountId === account.accountId && grant.clientId === client.clientId ? grant : undefined;
  }
  const requested = parseScope((oidc.params?.scope as string | undefined) ?? '');
  const grantable = await grantableOf(context, client.clientId, account.accountId, requested);
  stateOf(ctx).nothingGrantable = grantable.length === 0;
  const { id, skipAuthorization, lifetimes } = applicationOf(client);
  const granted = skipAuthorization ? grantable : await context.consents.find(account.accountId, id);
  const request: GrantRequest = {
    clientId: client.clientId,
    userId: account.accountId,
    granted: grantable.filter((scope) => granted.includes(scope)),
    // What the user may not give is not asked for.
    refused: requested.filter((scope) => !grantable.includes(scope)),
    resources: Object.fromEntries(
      Object.entries(oidc.resourceServers ?? {}).map(([name, server]) => [name, server.scopes]),
    ),
    // A device is none of this browser: it was only confirmed here.
    sessionUid: oidc.deviceCode === undefined ? oidc.session?.uid : undefined,
    lifetimeSeconds: grantLifetime(context, lifetimes),
  };
  // Where something is still to be asked, a grant that is only looked at: so that nothing is asked for twice.
  const isComplete = grantable.length > 0 && request.granted.length === grantable.length;
  const isAsked = isNativeRequest(ctx) || oidc.promptPending('consent') || oidc.promptPending('login');
  if (!isComplete || isAsked) return newGrant(provider, request);
  // What nobody was asked for is shown to him, and can be withdrawn. Before the grant: what there is, is listed.
  if (skipAuthorization) await context.consents.rememberUnasked(account.accountId, id, request.granted);
  return createGrant(provider, context.dependencies.random, request);
}

/** Those of the scopes that a user may let an application have; none if the application is gone. */
export async function grantableOf(
  { findApplication, userScopes }: ServerContext,
  clientId: string,
  userId: string,
  scopes: readonly string[],
): Promise<readonly string[]> {
  if (!userScopes.areBounded) return scopes;
  const application = await findApplication(clientId);
  return application === undefined ? [] : userScopes.grantable(userId, application, scopes);
}
