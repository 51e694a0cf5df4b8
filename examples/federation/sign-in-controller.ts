import type { Context } from 'koa';
import { AuthorizationResponseError } from 'openid-client';
import { Controller, Ctx, Get, Post } from 'routing-controllers';
import { endSession, Public } from 'routing-controllers-oauth2';
import type { Accounts } from './accounts.js';
import { CALLBACK_PATH, keepAttempt, takeAttempt } from './attempts.js';
import { localPath } from './local-path.js';
import { escaped, page } from './pages.js';
import { ProviderUnavailable, type RelyingParty } from './relying-party.js';
import { sessionOf, signIn } from './session.js';

/** What the sign-in needs. */
export interface SignInParts {
  readonly issuer: string;
  readonly accounts: Accounts;
  readonly provider: RelyingParty;
  /** The provider's name, for its users. */
  readonly providerName: string;
}

/** The pages on which users sign in through the other provider. `login` of the authorization server leads here. */
@Public()
@Controller()
export class SignInController {
  constructor(private readonly parts: SignInParts) {}

  @Get('/')
  async home(@Ctx() context: Context): Promise<string> {
    const { userId } = sessionOf(context);
    const account = userId === undefined ? undefined : await this.parts.accounts.findById(userId);
    if (account === undefined) return page(context, 200, 'Bookstore', '<p><a href="/login">Sign in</a></p>');
    const links = `<p><a href="/oauth2/authorized-applications">Authorized applications</a></p>
<form method="post" action="/sign-out"><button>Sign out</button></form>`;
    return page(context, 200, 'Bookstore', `<p>Signed in as ${escaped(account.name)}</p>\n${links}`);
  }

  @Get('/login')
  choose(@Ctx() context: Context): string {
    const { next, again } = wanted(context);
    const query = escaped(`${new URLSearchParams({ next, ...(again && { again: 'yes' }) })}`);
    const link = `<a href="/login/other?${query}">Continue with ${escaped(this.parts.providerName)}</a>`;
    return page(context, 200, 'Sign in', `<p>${link}</p>`);
  }

  @Get('/login/other')
  async begin(@Ctx() context: Context): Promise<string | Context> {
    const { next, again } = wanted(context);
    try {
      const { url, attempt } = await this.parts.provider.begin(again);
      keepAttempt(context, { ...attempt, next });
      return seeOther(context, url.href);
    } catch (error) {
      return this.problem(context, error, next);
    }
  }

  @Get(CALLBACK_PATH)
  async callback(@Ctx() context: Context): Promise<string | Context> {
    const attempt = takeAttempt(context, context.query.state);
    if (attempt === undefined) {
      const text = '<p>This browser has not begun this sign-in, or has finished it already.</p>';
      return page(context, 400, 'Not signed in', `${text}\n${tryAgain('/')}`);
    }
    try {
      // The address that browsers see, which behind a proxy is not that of this request.
      const answer = new URL(context.originalUrl, this.parts.issuer);
      const identity = await this.parts.provider.finish(answer, attempt);
      const account = await this.parts.accounts.of(identity);
      if (!account.active) return page(context, 403, 'Not signed in', '<p>This account is disabled.</p>');
      await signIn(context, account.id, identity.authenticatedAtMilliseconds);
      return seeOther(context, attempt.next);
    } catch (error) {
      return this.problem(context, error, attempt.next);
    }
  }

  /** The cookie of the session comes with no form of another site (`SameSite=Lax`), so only the user signs out. */
  @Post('/sign-out')
  signOut(@Ctx() context: Context): Context {
    endSession(context);
    return seeOther(context, '/oauth2/sign-out');
  }

  /** What went wrong, in words for the user. The details are for the log. */
  private problem(context: Context, error: unknown, next: string): string {
    const name = escaped(this.parts.providerName);
    if (error instanceof AuthorizationResponseError && error.error === 'access_denied') {
      return page(context, 403, 'Not signed in', `<p>${name} says that you refused.</p>\n${tryAgain(next)}`);
    }
    console.error(`Sign-in through ${this.parts.providerName} failed: ${reasonOf(error)}`);
    if (error instanceof ProviderUnavailable) {
      context.set('Retry-After', '10');
      return page(context, 503, 'Not signed in', `<p>${name} cannot be reached.</p>\n${tryAgain(next)}`);
    }
    return page(context, 400, 'Not signed in', `<p>The answer of ${name} is not in order.</p>\n${tryAgain(next)}`);
  }
}

/** Where the user wants to go, and whether an existing session at the provider is not enough. */
function wanted({ query }: Context): { readonly next: string; readonly again: boolean } {
  return { next: localPath(query.next) ?? '/', again: query.again === 'yes' };
}

function tryAgain(next: string): string {
  return `<p><a href="/login?${escaped(`${new URLSearchParams({ next })}`)}">Try again</a></p>`;
}

function seeOther(context: Context, url: string): Context {
  context.redirect(url);
  context.status = 303;
  context.set('Cache-Control', 'no-store');
  return context;
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${reasonOf(cause)}` : message;
}
