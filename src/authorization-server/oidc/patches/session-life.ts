import type { Provider } from 'oidc-provider';
import { sha256Key } from '../../../core/digest.js';
import type { ServerContext } from '../../server-context.js';
import { currentState } from '../inner-state.js';
import { Provider as CurrentProvider } from '../oidc-provider.js';
import { asOutage } from '../outage.js';
import {
  beginSession,
  type KeptSession,
  noteWhere,
  putMembers,
  SESSION_MEMBERS,
  secondsLeft,
  sessionHasEnded,
} from '../session-members.js';
import { withinPayload } from './payload-members.js';
import { requireMethods } from './require-methods.js';

/**
 * Lets sessions have a beginning, an absolute end and a place; lets none that has ended come back under the name that a
 * request was about to give it; and lets the end of one end its grants, in every process.
 *
 * Patched: `Session.prototype.loginAccount`, which notes no beginning; `.save`, which renames in two steps and stores what
 * has ended meanwhile; `.persist`, which throws for a session that was never stored; `.destroy`, which ends no grants.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/asvs/browser-sessions.test.ts`
 */
export function bindSessions(provider: Provider, { settings, dependencies }: ServerContext): void {
  withinPayload(provider.Session, SESSION_MEMBERS);
  const prototype = provider.Session.prototype as KeptSession;
  requireMethods(prototype, 'Session.prototype', ['save', 'persist', 'destroy', 'loginAccount']);
  const end = asOutage((uid: string) => dependencies.sessions.end(sha256Key(uid)));
  const begun = new WeakSet<object>();
  const { save, persist, destroy, loginAccount } = prototype;

  prototype.loginAccount = function beginWithLogin(this: KeptSession, details) {
    loginAccount.call(this, details);
    begun.add(this);
    const result = CurrentProvider.ctx?.oidc?.entities.Interaction?.result;
    beginSession(this, (result?.login as { readonly mark?: number } | undefined)?.mark ?? 0, dependencies.clock);
  };

  prototype.save = async function saveUnlessEnded(this: KeptSession, lifetimeSeconds) {
    const isStored = this.exp !== undefined;
    if (secondsLeft(settings, dependencies.clock, this) <= 0) {
      // It was read before its expiry was extended; storing it again would shorten it.
      this.destroyed = true;
      throw sessionHasEnded();
    }
    // Replaced in one transaction by the adapter; oidc-provider would do it in two steps.
    putMembers(this, { isNew: !isStored, replaces: isStored ? this.oldId : undefined, oldId: undefined });
    const state = currentState();
    if (state !== undefined) noteWhere(this, state.outer, dependencies);
    try {
      const saved = await save.call(this, lifetimeSeconds);
      if (begun.delete(this)) tellBegin(this);
      return saved;
    } catch (error) {
      // Nothing more may be written for it.
      this.destroyed = true;
      throw error;
    } finally {
      putMembers(this, { isNew: undefined, replaces: undefined });
    }
  };

  function tellBegin({ accountId, uid }: KeptSession): void {
    if (accountId === undefined) return;
    dependencies.events.tell('session.started', () => ({ userId: accountId, sessionId: sha256Key(uid) }));
  }

  // A form without its cookie has a session that was never stored; oidc-provider would throw there.
  prototype.persist = async function persistStored(this: KeptSession) {
    return this.exp === undefined ? (this.jti ?? '') : persist.call(this);
  };

  prototype.destroy = async function destroyEverywhere(this: KeptSession) {
    if (this.accountId !== undefined) await end(this.uid);
    await destroy.call(this);
  };
}
