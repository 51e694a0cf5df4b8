import type { Context } from 'koa';
import type { Provider, Session } from 'oidc-provider';
import { type Clock, epochSeconds } from '../../../core/clock.js';
import { browserLabel } from '../../browsers/browser-label.js';
import type { Settings } from '../../options/authorization-server-options.js';
import type { AuthorizationServerDependencies } from '../../server-dependencies.js';
import { currentState } from '../inner-state.js';
import { Provider as CurrentProvider, errors } from '../oidc-provider.js';
import { withinPayload } from './payload-members.js';

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

type KeptSession = Session & SessionMembers & { oldId?: string | undefined; destroyed?: boolean };

const MEMBERS = ['begunAt', 'signInMark', 'browser', 'address', 'replaces', 'isNew'] as const;
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
function secondsLeft(settings: Settings, clock: Clock, { begunAt }: SessionMembers): number {
  const absolute = settings.sessionLifetimeSeconds;
  return begunAt === undefined ? absolute : begunAt + absolute - epochSeconds(clock);
}

/** Notes where a session is used. */
export function noteWhere(
  session: unknown,
  context: Context,
  dependencies: Pick<AuthorizationServerDependencies, 'address'>,
): void {
  put(session, {
    browser: browserLabel(context.get('User-Agent')),
    address: dependencies.address(context).replace(/^ip:/, '').slice(0, MAXIMUM_LENGTH),
  });
}

/** Sets members without making the session one that has to be stored once more, as an assignment does. */
function put(session: unknown, members: SessionMembers & { readonly oldId?: undefined }): void {
  for (const [name, value] of Object.entries(members)) {
    Reflect.defineProperty(session as object, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

/** Begins the session of a user who was authenticated. */
export function beginSession(session: unknown, mark: number, clock: Clock): void {
  Object.assign(session as SessionMembers, { signInMark: mark, begunAt: epochSeconds(clock) } satisfies SessionMembers);
}

/**
 * Lets sessions have a beginning, an absolute end and a place; lets none that has ended come back under the name that a
 * request was about to give it; and lets the end of one end its grants, in every process.
 */
export function adaptSessions(
  provider: Provider,
  settings: Settings,
  dependencies: Pick<AuthorizationServerDependencies, 'address' | 'clock'>,
  end: (sessionUid: string) => Promise<unknown>,
): void {
  withinPayload(provider.Session, MEMBERS);
  const prototype = provider.Session.prototype as KeptSession;
  const { save, persist, destroy, loginAccount } = prototype;

  prototype.loginAccount = function beginWithLogin(this: KeptSession, details) {
    loginAccount.call(this, details);
    const result = CurrentProvider.ctx?.oidc?.entities.Interaction?.result;
    beginSession(this, (result?.login as { readonly mark?: number } | undefined)?.mark ?? 0, dependencies.clock);
  };

  prototype.save = async function saveUnlessEnded(this: KeptSession, lifetimeSeconds) {
    const isStored = this.exp !== undefined;
    if (secondsLeft(settings, dependencies.clock, this) <= 0) {
      // It was read before its latest end, which being stored again would move.
      this.destroyed = true;
      throw sessionHasEnded();
    }
    // Replaced in one transaction by the adapter, where oidc-provider would do it in two steps.
    put(this, { isNew: !isStored, replaces: isStored ? this.oldId : undefined, oldId: undefined });
    const state = currentState();
    if (state !== undefined) noteWhere(this, state.outer, dependencies);
    try {
      return await save.call(this, lifetimeSeconds);
    } catch (error) {
      // Nothing more is to be written of it.
      this.destroyed = true;
      throw error;
    } finally {
      put(this, { isNew: undefined, replaces: undefined });
    }
  };

  // A form without its cookie has a session that was never stored, and nothing to keep: oidc-provider would throw there.
  prototype.persist = async function persistStored(this: KeptSession) {
    return this.exp === undefined ? (this.jti ?? '') : persist.call(this);
  };

  prototype.destroy = async function destroyEverywhere(this: KeptSession) {
    if (this.accountId !== undefined) await end(this.uid);
    await destroy.call(this);
  };
}

/** What a request is told whose session has ended meanwhile: nothing that it has made of it is answered. */
export function sessionHasEnded(): Error {
  return new errors.LoginRequired('the session has ended');
}
