import type { Grant, Session } from 'oidc-provider';

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

/** The grants that end with the session. */
export function grantsOf(session: Session): string[] {
  return Object.values(session.authorizations ?? {}).flatMap((container) => (container as WithGrants).grants ?? []);
}
