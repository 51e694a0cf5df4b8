import type { Context, Middleware, Next } from 'koa';
import { OAuth2Error } from '../../core/errors.js';
import { loggedFailure } from '../../core/logged-failure.js';
import { printable } from '../../core/printable.js';
import { BrowserCookie } from '../browsers/browser-cookie.js';
import { PageCookies } from '../browsers/page-cookies.js';
import type { EndpointPages } from '../ports.js';
import { applicationRoutes } from './applications/application-routes.js';
import { authorizedApplicationRoutes } from './authorized-applications.js';
import { Continuation } from './continuation.js';
import { endpointPages } from './endpoint-pages.js';
import { Csrf } from './forms/csrf.js';
import { Forms } from './forms/forms.js';
import { interactionRoutes } from './interaction/interaction-routes.js';
import { overviewRoutes } from './overview/overview-route.js';
import type { PageDependencies } from './page-dependencies.js';
import { PageError } from './page-error.js';
import { PageRouter } from './page-router.js';
import type { PageServices } from './page-services.js';
import { Renderer } from './rendering/renderer.js';
import { STYLESHEET } from './rendering/stylesheet.js';
import { completeTexts } from './rendering/texts.js';
import { sessionRoutes } from './session-list.js';
import { KnownBrowsers } from './sign-in/known-browsers.js';
import { PasswordCheck } from './sign-in/password-check.js';
import { signInRoutes } from './sign-in/sign-in.js';
import { Viewers } from './sign-in/viewers.js';
import { staffTokenRoutes } from './staff-tokens.js';

export type {
  Authenticate,
  ManagedApplications,
  PageDependencies,
  SignInBudget,
  StaffTokens,
} from './page-dependencies.js';
export type { HostPage, PageModels, PageName, PageOverrides } from './rendering/page-models.js';
export type { PageForm } from './rendering/page-parts.js';
export type { TextOverrides, Texts } from './rendering/texts.js';

/** The pages: those shown by endpoints, and those with addresses of their own. */
export interface Pages extends EndpointPages {
  /** Serves the addresses of pages and passes everything else on. It must come before the endpoints. */
  readonly routes: Middleware;
  /** Whether a path is the address of a page. */
  has(path: string): boolean;
}

const ONE_YEAR_SECONDS = 31_536_000;

/** Creates the pages. Templates are compiled here, once. */
export function createPages(dependencies: PageDependencies): Pages {
  const services = servicesOf(dependencies);
  const router = new PageRouter(dependencies.prefix, [
    ...interactionRoutes(services),
    ...signInRoutes(services),
    ...authorizedApplicationRoutes(services),
    ...applicationRoutes(services),
    ...staffTokenRoutes(services),
    ...sessionRoutes(services),
    ...overviewRoutes(services),
    services.continuation.route,
    { path: STYLESHEET.path, get: sendStylesheet },
  ]);

  async function routes(context: Context, next: Next): Promise<void> {
    if (!router.has(context.path)) {
      await next();
      endFormHere(context);
      return;
    }
    try {
      await router.dispatch(context, next);
    } catch (error) {
      await showError(context, error);
    }
  }

  /** A form of an endpoint (sign-out) may also lead to another origin; see `Continuation`. */
  function endFormHere(context: Context): void {
    const location = context.response.get('Location');
    const isRedirect = context.status === 302 || context.status === 303;
    if (context.method !== 'POST' || !isRedirect || !context.path.startsWith(`${dependencies.prefix}/`)) return;
    if (services.continuation.leaves(context, location)) services.continuation.goOn(context, location);
  }

  function log(context: Context, error: unknown): void {
    const { method, path } = context;
    const { kind, isOutage, describe } = loggedFailure(error);
    const text = () => (isOutage ? describe() : `The page ${method} ${printable(path)} failed: ${describe()}`);
    dependencies.log.error(kind, text, dependencies.requestId(context));
  }

  async function showError(context: Context, thrown: unknown): Promise<void> {
    const { renderer, texts } = services;
    const error = reasonOf(thrown);
    const { status, text, headers } = refusalOf(error);
    if (status >= 500) log(context, error);
    context.set(headers);
    const model = {
      status,
      error: CODES[status] ?? 'invalid_request',
      description: texts.errors[text],
      link: undefined,
    };
    await renderer.show(context, 'error', model, status);
  }

  return { ...endpointPages(services), routes, has: (path) => router.has(path) };
}

function servicesOf(dependencies: PageDependencies): PageServices {
  const { prefix, issuer, sealer, random } = dependencies;
  const { origin } = new URL(issuer);
  const texts = completeTexts(dependencies.texts);
  const overrides = dependencies.pages ?? {};
  const renderer = new Renderer({ prefix, issuer, texts, overrides, hasSignOut: dependencies.login === undefined });
  const cookies = new PageCookies(issuer, prefix);
  const csrf = new Csrf(sealer.deriveKeys('pages csrf'), origin, new BrowserCookie(cookies, random));
  const viewers = new Viewers(dependencies);
  const browsers = new KnownBrowsers({ ...dependencies, keys: sealer.deriveKeys('pages known browsers'), cookies });
  return {
    dependencies,
    texts,
    renderer,
    cookies,
    viewers,
    forms: new Forms(csrf),
    passwords: new PasswordCheck(dependencies, viewers, browsers),
    continuation: new Continuation(dependencies, csrf, renderer),
  };
}

function sendStylesheet(context: Context): void {
  context.type = 'css';
  context.set({
    'Cache-Control': `public, max-age=${ONE_YEAR_SECONDS}, immutable`,
    'X-Content-Type-Options': 'nosniff',
  });
  context.body = STYLESHEET.text;
}

const CODES: Readonly<Record<number, string>> = {
  403: 'access_denied',
  404: 'not_found',
  429: 'throttled',
  500: 'server_error',
  503: 'temporarily_unavailable',
};

/** oidc-provider wraps an outage as the cause of an error of its own. */
function reasonOf(thrown: unknown): unknown {
  return thrown instanceof Error && thrown.cause instanceof OAuth2Error ? thrown.cause : thrown;
}

/** The part of an error that people see. Its own message is only logged. */
function refusalOf(error: unknown): Pick<PageError, 'status' | 'text' | 'headers'> {
  if (error instanceof PageError) return error;
  if (error instanceof OAuth2Error && error.status === 503) {
    const retryAfter = String(error.details.retryAfterSeconds ?? 1);
    return { status: 503, text: 'unavailable', headers: { 'Retry-After': retryAfter } };
  }
  return { status: 500, text: 'internal', headers: {} };
}
