/**
 * Who registers applications: `host` is staff, the command line or the host's code; `owner` is a user, for their own
 * use; `registration` is the application itself (RFC 7591); `document` is its client id metadata document, whose URL is
 * its client identifier.
 */
export const REGISTRARS = ['host', 'owner', 'registration', 'document'] as const;

export type Registrar = (typeof REGISTRARS)[number];

/** The properties that determine who registered an application. */
export interface Registered {
  readonly registeredBy?: Registrar | null | undefined;
  readonly userId: string | null;
}

/**
 * Who registered an application. Rows that are older than this column count as registered by their owner, if they have
 * one.
 */
export function registrarOf({ registeredBy, userId }: Registered): Registrar {
  return registeredBy ?? (userId === null ? 'host' : 'owner');
}

/**
 * Whether staff, the command line or the host's code vouches for an application: they registered it, or decided that
 * its users are not asked for consent.
 */
export function isTrusted(application: Registered & { readonly skipAuthorization: boolean }): boolean {
  return registrarOf(application) === 'host' || application.skipAuthorization;
}
