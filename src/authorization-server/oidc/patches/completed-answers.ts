import type { OIDCContext } from 'oidc-provider';
import { BadRequest } from '../../http/request/bad-request.js';
import type { EndpointContext } from '../../server-context.js';
import { showLogout } from '../hooks/page-hooks.js';
import type { InnerContext, InnerState } from '../inner-state.js';
import { repeatRevocation } from '../repeated-revocation.js';
import { holdAfterLogout } from './held-responses.js';

/** A request that oidc-provider has answered. */
interface Answered {
  readonly context: EndpointContext;
  readonly inner: InnerContext;
  readonly oidc: OIDCContext;
  readonly state: InnerState;
}

/** What is done to the answers of each endpoint, by oidc-provider's name for it. */
const COMPLETIONS: Readonly<Record<string, (answered: Answered) => void | Promise<void>>> = {
  discovery: nameBindings,
  device_authorization: tellInterval,
  registration: answerWhatIsStored,
  introspection: nameAudience,
  revocation: answerRevocation,
  end_session: askWhetherToSignOut,
  end_session_confirm: ({ context, inner }) => holdAfterLogout(context, inner),
  resume: refuseAnotherUser,
  device_resume: refuseAnotherUser,
};

/**
 * Completes an answer before it is sent.
 *
 * Patched: `ctx.body` and `ctx.status` after the middleware. oidc-provider has no interval of polling (RFC 8628 §3.2), answers
 * a registration with what was asked for, cannot be told that certificates are not seen, names no audience of a token without resource, answers a revocation without a
 * body, asks and signs out by forms that a script submits, and repeats a refused scope.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/rfc8628/device.test.ts`, `test/spec/rfc7591/registration.test.ts`,
 * `test/spec/rfc7662/authorization-server.test.ts`, `test/spec/rfc7009/revocation.test.ts`,
 * `test/spec/rfc9700/held-responses.test.ts`, `test/spec/rfc9700/browser-binding.test.ts`
 *
 * @throws BadRequest if another user has signed in at the browser meanwhile
 */
export async function completeAnswer(context: EndpointContext, inner: InnerContext, state: InnerState): Promise<void> {
  const { oidc, status } = inner as InnerContext & { readonly oidc: OIDCContext | undefined };
  if (oidc === undefined) return;
  if (status >= 400) removeEcho(inner);
  await COMPLETIONS[state.endpoint.name]?.({ context, inner, oidc, state });
}

/** Tokens are bound to certificates (RFC 8705 §3.3) only where these can be seen. */
function nameBindings({ context, inner }: Answered): void {
  if (inner.status !== 200 || context.dependencies.certificateOf !== undefined) return;
  const { tls_client_certificate_bound_access_tokens: _none, ...metadata } = inner.body as Record<string, unknown>;
  inner.body = metadata;
}

/** RFC 8628 §3.2. */
function tellInterval({ context, inner }: Answered): void {
  if (inner.status !== 200) return;
  const interval = Math.max(1, context.settings.devicePollingSeconds);
  inner.body = { ...(inner.body as Record<string, unknown>), interval };
}

/** oidc-provider would return the requested metadata; not all of it is stored, and the secret is a different one. */
function answerWhatIsStored({ inner, state }: Answered): void {
  if (inner.status === 201) inner.body = state.registered;
}

/** An access token without an audience is meant for the resource that is guarded here. */
function nameAudience({ context, inner }: Answered): void {
  const { resource } = context.dependencies;
  if (inner.status !== 200 || resource === undefined) return;
  const body = inner.body as Record<string, unknown>;
  const isAccessToken = body.token_type !== undefined;
  if (isAccessToken && body.aud === undefined) inner.body = { ...body, aud: resource };
}

/** RFC 7009 §2.2 does not define the body, and some clients parse every response as JSON. */
async function answerRevocation({ context, inner, oidc, state }: Answered): Promise<void> {
  if (inner.status !== 200) return;
  inner.body = {};
  const { AccessToken, ClientCredentials, RefreshToken } = oidc.entities;
  const token = AccessToken ?? ClientCredentials ?? RefreshToken;
  if (token?.clientId === undefined) {
    const presented = state.presentedJwt?.token ?? String(oidc.params?.token);
    return repeatRevocation(context, presented, oidc.client?.clientId);
  }
  context.dependencies.events.tell('token.revoked', () => ({
    clientId: token.clientId,
    userId: AccessToken?.accountId ?? RefreshToken?.accountId,
    token: RefreshToken === undefined ? 'access_token' : 'refresh_token',
    familyId: AccessToken?.grantId ?? RefreshToken?.grantId,
  }));
}

/** If nobody is signed in, oidc-provider responds with a form that a script submits; here a page asks. */
async function askWhetherToSignOut({ context, inner, state }: Answered): Promise<void> {
  if (inner.status === 200 && !state.pageShown) await showLogout(context, inner);
}

/** oidc-provider would sign out the other user by a form that a script submits. */
function refuseAnotherUser({ inner, state }: Answered): void {
  if (inner.status !== 200 || state.pageShown) return;
  throw new BadRequest('somebody else has signed in at this browser meanwhile');
}

/** oidc-provider repeats a refused scope. RFC 6749 §5.2 has no such member, and text from strangers is not repeated. */
function removeEcho(inner: InnerContext): void {
  const body: unknown = inner.body;
  if (typeof body !== 'object' || body === null || !('error' in body) || !('scope' in body)) return;
  const { scope: _echo, ...rest } = body as Record<string, unknown>;
  const { status } = inner;
  inner.body = rest;
  inner.status = status;
}
