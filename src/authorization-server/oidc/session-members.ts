import type { Context } from 'koa';
import type { Session } from 'oidc-provider';
import { type Clock, epochSeconds } from '../../core/clock.js';
import { browserLabel } from '../browsers/browser-label.js';
import type { Settings } from '../options/authorization-server-options.js';
import type { AuthorizationServerDependencies } from '../server-dependencies.js';
import { errors } from './oidc-provider.js';

/** What a session keeps beside what oidc-provider keeps. */
export interface SessionMembers {
  /** When the user signed in, in seconds since the Unix epoch. */
  begunAt?: number | undefined;
  /** Taken before the user was authenticated; see `SessionRepository.mark`. */
  signInMark?: number | undefined;
  browser?: string | undefined;
  address?: string | undefined;
  /** The identifier that it had until now, while it is saved under a new one. */
  replaces?: string | undefined;
  /** While it is saved for the first time. */
  isNew?: boolean | undefined;
}

export type KeptSession = Session & SessionMembers & { oldId?: string | undefined; destroyed?: boolean };

export const SESSION_MEMBERS = ['begunAt', 'signInMark', 'browser', 'address', 'replaces', 'isNew'] as const;
/** The width of the columns. */
const MAXIMUM_LENGTH = 64;

/**
 * How long a session lives from now on, in seconds: until it is not used for too long, or for as long as a session may
 * live from its sign-in on, whichever comes first.
 */
export function sessionLifetimeSeconds(settings: Settings, clock: Clock, session: unknown): number {
  return Math.max(1, Math.min(settings.sessionIdleSeconds, secondsLeft(settings, clock, session as SessionMembers)));
}

/** How long a session may still live, however often it is used. */
export function secondsLeft(settings: Settings, clock: Clock, { begunAt }: SessionMembers): number {
  const absolute = settings.sessionLifetimeSeconds;
  return begunAt === undefined ? absolute : begunAt + absolute - epochSeconds(clock);
}

/** Notes where a session is used. */
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

/** Sets members without making the session one that has to be stored once more, as an assignment does. */
export function putMembers(session: unknown, members: SessionMembers & { readonly oldId?: undefined }): void {
  for (const [name, value] of Object.entries(members)) {
    Reflect.defineProperty(session as object, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

/** Begins the session of a user who was authenticated. */
export function beginSession(session: unknown, mark: number, clock: Clock): void {
  Object.assign(session as SessionMembers, { signInMark: mark, begunAt: epochSeconds(clock) } satisfies SessionMembers);
}

/** What a request is told whose session has ended meanwhile: nothing that it has made of it is answered. */
export function sessionHasEnded(): Error {
  return new errors.LoginRequired('the session has ended');
}
