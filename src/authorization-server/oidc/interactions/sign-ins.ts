import type Koa from 'koa';
import type { Context } from 'koa';
import type { Provider } from 'oidc-provider';
import { sha256Key } from '../../../core/digest.js';
import type { SignIns } from '../../ports.js';
import type { ServerContext } from '../../server-context.js';
import { findAccount } from '../hooks/accounts.js';
import { innerRequest } from '../inner-request.js';
import { errors } from '../oidc-provider.js';
import { beginSession, noteWhere, sessionLifetimeSeconds } from '../session-members.js';
import { signInDetails } from './sign-in-details.js';

/** A context with oidc-provider's cookies. */
export function innerContext({ settings }: ServerContext, provider: Provider, outer: Context): Koa.Context {
  const request = innerRequest(outer.req, settings.issuer, { url: outer.path, body: '' });
  return (provider as unknown as Koa).createContext(request, outer.res) as Koa.Context;
}

/** Who is signed in, based on the sessions that oidc-provider stores. */
export class ProviderSignIns implements SignIns {
  constructor(
    private readonly context: ServerContext,
    private readonly provider: () => Promise<Provider>,
  ) {}

  async userIdOf(context: Context): Promise<string | undefined> {
    const provider = await this.provider();
    const { accountId } = await provider.Session.get(innerContext(this.context, provider, context));
    if (accountId === undefined) return undefined;
    const account = await findAccount(this.context.dependencies.users, accountId, undefined);
    return account?.accountId;
  }

  mark(): Promise<number> {
    return this.context.sessions.mark();
  }

  async sessionIdOf(context: Context): Promise<string | undefined> {
    const provider = await this.provider();
    const { accountId, uid } = await provider.Session.get(innerContext(this.context, provider, context));
    return accountId === undefined ? undefined : sha256Key(uid);
  }

  async signIn(context: Context, userId: string, mark: number): Promise<boolean> {
    const provider = await this.provider();
    const inner = innerContext(this.context, provider, context);
    let session = await provider.Session.get(inner);
    if (session.accountId !== undefined && session.accountId !== userId) {
      await session.destroy();
      session = new provider.Session();
    }
    const { settings, dependencies } = this.context;
    session.loginAccount({ accountId: userId, ...(await signInDetails(settings, userId, context)) });
    beginSession(session, mark, dependencies.clock);
    noteWhere(session, context, dependencies);
    // A new identifier after authentication: knowledge of the old one is worthless.
    if (session.exp !== undefined) session.resetIdentifier();
    const lifetimeSeconds = sessionLifetimeSeconds(settings, dependencies.clock, session);
    try {
      await session.save(lifetimeSeconds);
    } catch (error) {
      // All sessions of the user were ended after the password was submitted.
      if (error instanceof errors.LoginRequired) return false;
      throw error;
    }
    setSessionCookie(this.context, provider, inner, session.jti, lifetimeSeconds);
    return true;
  }

  async signOut(context: Context): Promise<void> {
    await endSession(this.context, await this.provider(), context);
  }
}

/** Ends the session of a browser, and the grants that end with it. */
export async function endSession(context: ServerContext, provider: Provider, outer: Context): Promise<void> {
  const inner = innerContext(context, provider, outer);
  const session = await provider.Session.get(inner);
  if (session.exp === undefined) return;
  await session.destroy();
  setSessionCookie(context, provider, inner, null, 0);
}

/** The same, if the session belongs to another user. */
export async function endSessionOfAnother(
  context: ServerContext,
  provider: Provider,
  outer: Context,
  userId: string,
): Promise<void> {
  const { accountId } = await provider.Session.get(innerContext(context, provider, outer));
  if (accountId !== undefined && accountId !== userId) await endSession(context, provider, outer);
}

function setSessionCookie(
  { settings }: ServerContext,
  provider: Provider,
  inner: Koa.Context,
  value: string | null,
  lifetimeSeconds: number,
): void {
  inner.cookies.set(provider.cookieName('session'), value, {
    httpOnly: true,
    sameSite: 'lax',
    secure: settings.issuer.protocol === 'https',
    signed: true,
    overwrite: true,
    path: '/',
    ...(value !== null && { maxAge: lifetimeSeconds * 1000 }),
  });
}
