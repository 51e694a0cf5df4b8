import type { Grant, Provider, Session } from 'oidc-provider';

/** A browser that is signed in for long authorizes an application many times; only this many are remembered. */
const MAXIMUM_GRANTS = 50;

/** What the session keeps for each application, beside what oidc-provider keeps there. */
interface WithGrants {
  /** The grants that were made in this session and end with it, the newest last. */
  grants?: string[];
}

/**
 * Notes in the session that a grant belongs to it. Not so if `offline_access` was granted: it is there for when the user
 * is away (OpenID Connect Core §11).
 */
export function rememberGrant(session: Session | undefined, clientId: string, grant: Grant): void {
  if (session === undefined || grant.getOIDCScope().split(' ').includes('offline_access')) return;
  session.ensureClientContainer(clientId);
  const container = session.authorizationFor(clientId) as WithGrants;
  const grants = [...(container.grants ?? []).filter((id) => id !== grant.jti), grant.jti];
  container.grants = grants.slice(-MAXIMUM_GRANTS);
}

/**
 * Lets the end of a session end its grants, whose tokens then die everywhere. The grants go first: a session that is
 * gone could not name them any more, should somebody have to try again.
 */
export function endGrantsWithSession({ Session, AccessToken }: Provider): void {
  const prototype = Session.prototype as Session;
  const { destroy } = prototype;
  prototype.destroy = async function destroyWithGrants(this: Session) {
    for (const grantId of grantsOf(this)) await AccessToken.revokeByGrantId(grantId);
    await destroy.call(this);
  };
}

/** The grants that end with the session. */
function grantsOf(session: Session): string[] {
  return Object.values(session.authorizations ?? {}).flatMap((container) => (container as WithGrants).grants ?? []);
}
