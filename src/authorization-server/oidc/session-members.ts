import type { Context } from 'koa';
import type { Grant, Session } from 'oidc-provider';
import { type Clock, epochSeconds } from '../../core/clock.js';
import { browserLabel } from '../browsers/browser-label.js';
import type { Settings } from '../options/authorization-server-options.js';
import type { AuthorizationServerDependencies } from '../server-dependencies.js';
import { errors } from './oidc-provider.js';

/** Members of a session besides those of oidc-provider. */
export interface SessionMembers {
  /** When the user signed in, in seconds since the Unix epoch. */
  begunAt?: number | undefined;
  /** Taken before the user was authenticated; see `SessionRepository.mark`. */
  signInMark?: number | undefined;
  browser?: string | undefined;
  address?: string | undefined;
  /** Its previous identifier, while it is saved under a new one. */
  replaces?: string | undefined;
  /** Set while it is saved for the first time. */
  isNew?: boolean | undefined;
}

export type KeptSession = Session & SessionMembers & { oldId?: string | undefined; destroyed?: boolean };

export const SESSION_MEMBERS = ['begunAt', 'signInMark', 'browser', 'address', 'replaces', 'isNew'] as const;
/** The width of the columns. */
const MAXIMUM_LENGTH = 64;

/**
 * How long a session lives from now on, in seconds: until it has been unused for too long, or reaches its greatest age
 * since the sign-in, whichever comes first.
 */
export function sessionLifetimeSeconds(settings: Settings, clock: Clock, session: unknown): number {
  return Math.max(1, Math.min(settings.sessionIdleSeconds, secondsLeft(settings, clock, session as SessionMembers)));
}

/** The remaining lifetime of a session, however often it is used. */
export function secondsLeft(settings: Settings, clock: Clock, { begunAt }: SessionMembers): number {
  const absolute = settings.sessionLifetimeSeconds;
  return begunAt === undefined ? absolute : begunAt + absolute - epochSeconds(clock);
}

/** Records where a session is used. */
export function noteWhere(
  session: unknown,
  context: Context,
  dependencies: Pick<AuthorizationServerDependencies, 'address'>,
): void {
  putMembers(session, {
    browser: browserLabel(context.get('User-Agent')),
    address: dependencies.address(context).replace(/^ip:/, '').slice(0, MAXIMUM_LENGTH),
  });
}

/** Sets members without marking the session as changed, as an assignment would. */
export function putMembers(session: unknown, members: SessionMembers & { readonly oldId?: undefined }): void {
  for (const [name, value] of Object.entries(members)) {
    Reflect.defineProperty(session as object, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

/** Begins the session of an authenticated user. */
export function beginSession(session: unknown, mark: number, clock: Clock): void {
  Object.assign(session as SessionMembers, { signInMark: mark, begunAt: epochSeconds(clock) } satisfies SessionMembers);
}

/** The error for a request whose session has ended meanwhile; its results are not used. */
export function sessionHasEnded(): Error {
  return new errors.LoginRequired('the session has ended');
}

/** What a grant keeps of the session that it was made in, beside what oidc-provider keeps. */
interface WithSession {
  /** The second identifier of the session, which stays the same as long as the session lives. Stored as SHA-256 only. */
  sessionUid?: string | undefined;
}

/**
 * Lets a grant end with its session. Not so if `offline_access` was granted: it is there for when the user is away
 * (OpenID Connect Core §11).
 */
export function endWithSession(grant: Grant, granted: readonly string[], sessionUid: string | undefined): void {
  if (!granted.includes('offline_access')) (grant as Grant & WithSession).sessionUid = sessionUid;
}
