import type { Context } from 'koa';
import { Controller, Ctx, Get } from 'routing-controllers';
import { Public } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { DemoApplication } from '../demo/application.js';
import { CALLBACK_PATH } from '../demo/applications.js';
import { outcomePage, refusalPage } from '../demo/pages.js';

/** How long a browser may take to sign in and consent, in milliseconds. */
const PATIENCE_MILLISECONDS = 3_600_000;
const STATE = /^[A-Za-z0-9_-]{43}$/;

/** The demo application: it requests access and shows the result. */
@Service()
@Public()
@Controller()
export class DemoController {
  constructor(private readonly application: DemoApplication) {}

  @Get('/demo')
  begin(@Ctx() context: Context) {
    const { url, state, verifier } = this.application.begin();
    // Bound to this browser, so that a response to the request of another browser is refused (RFC 6749 §10.12).
    setCookie(context, state, verifier);
    context.redirect(url);
    context.status = 303;
    context.set('Cache-Control', 'no-store');
    return context;
  }

  @Get(CALLBACK_PATH)
  async callback(@Ctx() context: Context): Promise<string> {
    const { code, state, iss, error, error_description: description } = context.query;
    const verifier = typeof state === 'string' && STATE.test(state) ? takeCookie(context, state) : undefined;
    if (verifier === undefined) {
      return refuse(context, 'state', 'This browser has not made this request, or has used the response already.');
    }
    if (Array.isArray(iss) || !this.application.isIssuer(iss)) {
      return refuse(context, 'iss', 'The response comes from another server than the one that received the request.');
    }
    if (error !== undefined) return refuse(context, String(error), String(description ?? ''), 200);
    if (typeof code !== 'string') return refuse(context, 'code', 'The response contains no code.');
    return outcomePage(context, await this.application.finish(code, verifier));
  }
}

function refuse(context: Context, error: string, description: string, status = 400): string {
  context.status = status;
  return refusalPage(context, error, description);
}

/**
 * One cookie per request, since several may be in progress. It is signed together with its name, which is the state.
 */
function setCookie(context: Context, state: string, verifier: string | null): void {
  const options = { path: CALLBACK_PATH, maxAge: PATIENCE_MILLISECONDS, sameSite: 'lax', signed: true } as const;
  context.cookies.set(cookieName(state), verifier, options);
}

function takeCookie(context: Context, state: string): string | undefined {
  const verifier = context.cookies.get(cookieName(state), { signed: true });
  setCookie(context, state, null);
  return verifier;
}

function cookieName(state: string): string {
  return `bookstore.demo.${state}`;
}
