import type { Context } from 'koa';
import type { Client, ErrorOut, KoaContextWithOIDC } from 'oidc-provider';
import { parseScope } from '../../../core/scopes.js';
import type { Application } from '../../../storage/index.js';
import type { EndpointForm } from '../../ports.js';
import type { EndpointContext } from '../../server-context.js';
import { stateOf } from '../inner-state.js';
import type { SendResponse } from '../send-response.js';
import { grantableOf } from './grants.js';

/** oidc-provider's reasons for showing the user-code form again. */
const DEVICE_PROBLEMS: Readonly<Record<string, 'not-found' | 'expired' | 'not-right'>> = {
  NoCodeError: 'not-found',
  NotFoundError: 'not-found',
  ExpiredError: 'expired',
  AlreadyUsedError: 'not-right',
};

/** Those caused by a wrong code. */
const WRONG_CODES = new Set(['NotFoundError', 'ExpiredError', 'AlreadyUsedError']);

/** Shows a page in the host's context. */
async function show(ctx: KoaContextWithOIDC, page: (outer: Context) => void | Promise<void>): Promise<void> {
  const state = stateOf(ctx);
  await page(state.outer);
  state.pageShown = true;
}

export async function showDeviceCode(
  context: EndpointContext,
  ctx: KoaContextWithOIDC,
  out: ErrorOut | undefined,
  error: Error | undefined,
): Promise<void> {
  const name = error?.name ?? '';
  // oidc-provider has one hook for the form and all its problems, one of which is a refusal by the user.
  if (name === 'AbortedError') return show(ctx, (outer) => context.pages.deviceRefused(outer));
  const isReRender = error === undefined || Object.hasOwn(DEVICE_PROBLEMS, name);
  if (!isReRender) return showError(context, ctx, out ?? { error: 'server_error' });
  const entered = (error as { readonly userCode?: string } | undefined)?.userCode ?? stateOf(ctx).userCode;
  const form = formOf(ctx, 'code_verification');
  if (WRONG_CODES.has(name)) stateOf(ctx).userCodeIsWrong = true;
  await show(ctx, (outer) => context.pages.deviceCode(outer, form, DEVICE_PROBLEMS[name], entered));
}

export async function showDeviceConfirm(
  context: EndpointContext,
  ctx: KoaContextWithOIDC,
  client: Client,
  userCode: string,
): Promise<void> {
  const application = await applicationOf(context, client);
  const params = ctx.oidc.entities.DeviceCode?.params as { readonly scope?: string } | undefined;
  const form = formOf(ctx, 'code_verification', { user_code: userCode });
  const requested = parseScope(params?.scope ?? '');
  const userId = ctx.oidc.session?.accountId;
  const scopes = userId === undefined ? requested : await grantableOf(context, client.clientId, userId, requested);
  const device = { application, userCode, scopes };
  await show(ctx, (outer) => context.pages.deviceConfirm(outer, form, device));
}

export async function showDeviceDone(context: EndpointContext, ctx: KoaContextWithOIDC): Promise<void> {
  const application = await applicationOf(context, ctx.oidc.client as Client);
  await show(ctx, (outer) => context.pages.deviceDone(outer, application));
}

export async function showLogout(context: EndpointContext, ctx: KoaContextWithOIDC): Promise<void> {
  const form = formOf(ctx, 'end_session_confirm');
  const state = ctx.oidc.session?.state as { readonly postLogoutRedirectUri?: string } | undefined;
  await show(ctx, (outer) => context.pages.logoutConfirm(outer, form, state?.postLogoutRedirectUri));
}

/** @param returnTo the application's address, if the user continues there by a link */
export async function showLoggedOut(
  context: EndpointContext,
  ctx: KoaContextWithOIDC,
  returnTo?: string,
): Promise<void> {
  await show(ctx, (outer) => context.pages.loggedOut(outer, returnTo));
}

/** Sends responses of the authorization endpoint to applications as a form (OAuth 2.0 Form Post Response Mode). */
export function sendingByForm(context: EndpointContext): SendResponse {
  return async (ctx, redirectUri, parameters) => {
    const fields = Object.entries(parameters).map(([name, value]) => [name, String(value)] as const);
    const status = 'error' in parameters ? (ctx.status === 500 ? 500 : 400) : 200;
    await show(ctx, async (outer) => {
      await context.pages.formPost(outer, redirectUri, fields);
      outer.status = status;
    });
  };
}

/** An error that cannot be redirected: as JSON for programs, otherwise as a page. */
export async function showError(
  context: EndpointContext,
  ctx: KoaContextWithOIDC,
  out: Partial<ErrorOut>,
): Promise<void> {
  if (stateOf(ctx).endpoint.caller === 'program') {
    ctx.body = out;
    return;
  }
  const { error = 'server_error', error_description: description = '' } = out;
  const { status } = ctx;
  await show(ctx, async (outer) => {
    await context.pages.error(outer, { error, description });
    outer.status = status;
  });
}

/** An error that was meant for the application. The page has a link with which the user can continue there. */
export async function showHeld(
  context: EndpointContext,
  ctx: KoaContextWithOIDC,
  problem: { readonly error: string; readonly description: string; readonly returnTo?: string },
): Promise<void> {
  await show(ctx, (outer) => context.pages.error(outer, problem));
}

function formOf(ctx: KoaContextWithOIDC, route: string, fields: Readonly<Record<string, string>> = {}): EndpointForm {
  const state = ctx.oidc.session?.state as { readonly secret?: string } | undefined;
  return { action: new URL(ctx.oidc.urlFor(route)).pathname, hidden: { xsrf: state?.secret ?? '', ...fields } };
}

async function applicationOf({ findApplication }: EndpointContext, client: Client): Promise<Application> {
  const application = await findApplication(client.clientId);
  if (application === undefined) throw new Error('The application of a request was disabled while it ran.');
  return application;
}
