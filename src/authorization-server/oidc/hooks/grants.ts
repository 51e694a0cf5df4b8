import type { Grant, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { parseScope } from '../../../core/scopes.js';
import type { RandomBytes } from '../../../core/token-value.js';
import { grantLifetime } from '../../grants/lifetimes.js';
import type { ServerContext } from '../../server-context.js';
import { applicationOf } from '../client-metadata.js';
import { stateOf } from '../inner-state.js';
import { endWithSession } from '../session-members.js';
import { isAskedEachTime } from './native-clients.js';

/** What a grant is created for. */
export interface GrantRequest {
  readonly clientId: string;
  readonly userId: string;
  /** The scopes that are granted. */
  readonly granted: readonly string[];
  /** Requested scopes that were refused, so that they are not requested again immediately. */
  readonly refused?: readonly string[];
  /** The resources of the request, with the scopes that apply there. */
  readonly resources: Readonly<Record<string, ReadonlySet<string>>>;
  /** The second identifier of the browser session in which it is created; `undefined` if there is none. */
  readonly sessionUid: string | undefined;
  /** Its lifetime: that of the tokens of its application. */
  readonly lifetimeSeconds: number;
}

/** Creates and stores a grant. It identifies the family of its tokens, so every authorization has its own. */
export async function createGrant(provider: Provider, random: RandomBytes, request: GrantRequest): Promise<Grant> {
  const grant = newGrant(provider, request);
  // Not secret: it only identifies which tokens belong together.
  grant.jti = random(16).toString('base64url');
  await grant.save();
  return grant;
}

function newGrant(provider: Provider, request: GrantRequest): Grant {
  const { clientId, userId, granted, refused = [], resources, sessionUid, lifetimeSeconds } = request;
  // `expiresIn` is a property of every token in oidc-provider that the types do not declare.
  const properties = { clientId, accountId: userId, expiresIn: lifetimeSeconds };
  const grant = new provider.Grant(properties);
  endWithSession(grant, granted, sessionUid);
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
 * The earlier consent of the user for this application, as a grant for this request; it is stored if it covers
 * everything that is requested. Applications that skip consent are granted everything.
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
    // Scopes that the user may not grant are not requested.
    refused: requested.filter((scope) => !grantable.includes(scope)),
    resources: Object.fromEntries(
      Object.entries(oidc.resourceServers ?? {}).map(([name, server]) => [name, server.scopes]),
    ),
    // A device does not belong to this browser: it was only confirmed here.
    sessionUid: oidc.deviceCode === undefined ? oidc.session?.uid : undefined,
    lifetimeSeconds: grantLifetime(context, lifetimes),
  };
  // If consent is still needed, the grant is not stored and only serves to avoid asking twice for the same scopes.
  const isComplete = grantable.length > 0 && request.granted.length === grantable.length;
  const isAsked = isAskedEachTime(ctx) || oidc.promptPending('consent') || oidc.promptPending('login');
  if (!isComplete || isAsked) return newGrant(provider, request);
  // Scopes granted without asking are shown to the user and can be withdrawn. Recorded before the grant, so that every
  // grant is listed.
  if (skipAuthorization) await context.consents.rememberUnasked(account.accountId, id, request.granted);
  return createGrant(provider, context.dependencies.random, request);
}

/** The subset of the scopes that a user may grant to an application; empty if the application no longer exists. */
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
