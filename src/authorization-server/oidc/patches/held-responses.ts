import type { KoaContextWithOIDC } from 'oidc-provider';
import type { EndpointContext } from '../../server-context.js';
import { applicationOf } from '../client-metadata.js';
import { showHeld, showLoggedOut } from '../hooks/page-hooks.js';
import { stateOf } from '../inner-state.js';
import { asOutage } from '../outage.js';
import type { SendResponse } from '../send-response.js';

/**
 * Lets no response lead a browser to an application's address before somebody has signed in, unless the application is
 * trusted (RFC 9700 §4.11.2): strangers choose such addresses, and would have a link of this server's that leads there.
 * A page says what went wrong, and where the link on it leads. It stands before every response mode, so that it holds
 * for whatever is wrong with a request, and however the answer was to be sent.
 *
 * Patched: the handlers of `registerResponseMode`, by `AtomicProvider`. They redirect whenever application and address fit.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/rfc9700/held-responses.test.ts`
 */
export function holdingBack(context: EndpointContext, send: SendResponse): SendResponse {
  const isSignedIn = asOutage(signedIn.bind(undefined, context));
  return async (ctx, redirectUri, parameters) => {
    // It was compared when the request arrived; it may have been removed from the application since.
    if (ctx.oidc.client?.redirectUriAllowed(redirectUri) !== true) {
      return showHeld(context, ctx, {
        error: 'invalid_redirect_uri',
        description: 'redirect_uri is not registered any more',
      });
    }
    const isForPeople = stateOf(ctx).nothingGrantable === true && !ctx.oidc.promptPending('none');
    const mayLeave = isTrusted(ctx) || (await isSignedIn(ctx));
    if (mayLeave && !isForPeople) return send(ctx, redirectUri, parameters);
    const { error, error_description: description } = parameters as { error?: string; error_description?: string };
    await showHeld(context, ctx, {
      error: error ?? 'server_error',
      description: description ?? '',
      returnTo: withParameters(redirectUri, parameters),
    });
  };
}

/**
 * The same after a sign-out: an address that a stranger has registered is a link where nobody was signed in (RP-Initiated
 * Logout §3: not without "other means of confirming the legitimacy of the post-logout redirection target").
 */
export async function holdAfterLogout(context: EndpointContext, ctx: KoaContextWithOIDC): Promise<void> {
  const { outer } = stateOf(ctx);
  const location = ctx.response.get('Location');
  if (location === '' || isTrusted(ctx)) return;
  const { issuer } = context.settings;
  if (new URL(location, issuer.identifier).origin === issuer.origin) return;
  if (await asOutage(signedIn)(context, ctx)) return;
  outer.remove('Location');
  await showLoggedOut(context, ctx, location);
}

function isTrusted({ oidc }: KoaContextWithOIDC): boolean {
  return oidc.client !== undefined && applicationOf(oidc.client).isTrusted;
}

/** Whether the user of this browser's session is signed in and may act; at the host too, if it has a login. */
async function signedIn({ settings, dependencies }: EndpointContext, ctx: KoaContextWithOIDC): Promise<boolean> {
  const userId = ctx.oidc.session?.accountId;
  if (userId === undefined) return false;
  const { login } = settings.options;
  if (login !== undefined && (await login.userId(stateOf(ctx).outer)) !== userId) return false;
  const { users } = dependencies;
  if (ctx.oidc.account?.accountId === userId || users === undefined) return true;
  const user = await users.findById(userId);
  return user !== undefined && user !== null && (await users.isActive(user)) === true;
}

/** The address to which the error would have been sent. */
function withParameters(redirectUri: string, parameters: Readonly<Record<string, unknown>>): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, String(value));
  return url.href;
}
