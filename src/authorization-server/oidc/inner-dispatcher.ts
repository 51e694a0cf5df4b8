import type Koa from 'koa';
import type { Context } from 'koa';
import type { KoaContextWithOIDC, OIDCContext, Provider } from 'oidc-provider';
import { BadRequest } from '../http/request/bad-request.js';
import type { Endpoint } from '../http/request/endpoint.js';
import type { ReadRequest } from '../http/request/read-request.js';
import { KEYS_CACHED_SECONDS } from '../keys/signing-keys.js';
import type { EndpointContext } from '../server-context.js';
import { showLogout } from './hooks/page-hooks.js';
import { innerRequest } from './inner-request.js';
import { attachState, type RequestState } from './inner-state.js';
import { holdAfterLogout } from './patches/held-responses.js';
import { withoutInteractionCookies } from './patches/interaction-cookies.js';

/** The context in which oidc-provider handles a request. */
export type InnerContext = Koa.Context & KoaContextWithOIDC;

/** How oidc-provider has handled a request. */
export interface Dispatched {
  readonly inner: InnerContext;
  readonly state: RequestState;
}

/** Metadata and keys are the same for everybody, and may be cached for a while. */
const CACHEABLE = new Set(['discovery', 'jwks']);

/** Lets oidc-provider handle requests. */
export class InnerDispatcher {
  constructor(
    private readonly context: EndpointContext,
    private readonly provider: () => Promise<Provider>,
  ) {}

  /**
   * Copies oidc-provider's response to the host's context, so that the host's middleware sees it like any other
   * response. Cookies and the request that oidc-provider sees are separate from the host's.
   *
   * @throws OAuth2Error if code of this package refused the request meanwhile
   */
  async run(outer: Context, endpoint: Endpoint, read: ReadRequest): Promise<Dispatched> {
    const provider = await this.provider();
    const koa = provider as unknown as Koa;
    const request = innerRequest(outer.req, this.context.settings.issuer, {
      url: read.url,
      method: read.method,
      body: read.body,
      accept: endpoint.caller === 'browser' ? 'text/html' : 'application/json',
    });
    const inner = koa.createContext(request, outer.res) as InnerContext;
    const state: RequestState = {
      outer,
      endpoint,
      applications: new Map(),
      userCode: read.userCode,
      pageShown: false,
    };
    attachState(inner, state);
    inner.cookies = withoutInteractionCookies(inner.cookies, provider, resumedUid(endpoint));
    outer.res.statusCode = 404;
    const [dispatch] = koa.middleware;
    await dispatch?.(inner, async () => {});
    if (state.refusal !== undefined) throw state.refusal;
    await this.complete(inner, endpoint, state);
    if (!state.pageShown) transfer(inner, outer);
    if (outer.status === 503) {
      outer.set('Retry-After', '1');
      // oidc-provider sends a challenge with every error of userinfo; this response does not ask for credentials.
      outer.remove('WWW-Authenticate');
    }
    if (!CACHEABLE.has(endpoint.name)) outer.set('Cache-Control', 'no-store');
    // Caches may keep keys for this time; a new key is announced for longer than that plus the reload.
    else if (endpoint.name === 'jwks') outer.set('Cache-Control', `public, max-age=${KEYS_CACHED_SECONDS}`);
    return { inner, state };
  }

  /** Completes what oidc-provider leaves open. */
  private async complete(inner: InnerContext, { name }: Endpoint, state: RequestState): Promise<void> {
    const { oidc, status } = inner as InnerContext & { readonly oidc: OIDCContext | undefined };
    if (oidc === undefined) return;
    if (status >= 400) withoutEcho(inner);
    if (name === 'device_authorization' && status === 200) {
      // RFC 8628 §3.2.
      const interval = Math.max(1, this.context.settings.devicePollingSeconds);
      inner.body = { ...(inner.body as Record<string, unknown>), interval };
    }
    if (name === 'registration' && status === 201) {
      // oidc-provider would return the requested metadata; not all of it is stored, and the secret is a different one.
      inner.body = state.registered;
    }
    // If nobody is signed in, oidc-provider responds with a form that a script submits; here a page asks.
    if (name === 'end_session' && status === 200 && !state.pageShown) await showLogout(this.context, inner);
    if (name === 'end_session_confirm') await holdAfterLogout(this.context, inner);
    if (isResume(name) && status === 200 && !state.pageShown) {
      // oidc-provider would sign out the other user by a form that a script submits.
      throw new BadRequest('somebody else has signed in at this browser meanwhile');
    }
    if (name === 'introspection' && status === 200) this.nameAudience(inner);
    if (name === 'revocation' && status === 200) {
      // RFC 7009 §2.2 does not define the body, and some clients parse every response as JSON.
      inner.body = {};
      this.emitRevoked(oidc);
    }
  }

  /** An access token without an audience is meant for the resource that is guarded here. */
  private nameAudience(inner: InnerContext): void {
    const { resource } = this.context.dependencies;
    const body = inner.body as Record<string, unknown>;
    const isAccessToken = body.token_type !== undefined;
    if (resource !== undefined && isAccessToken && body.aud === undefined) inner.body = { ...body, aud: resource };
  }

  private emitRevoked({ entities }: OIDCContext): void {
    const { AccessToken, ClientCredentials, RefreshToken } = entities;
    const token = AccessToken ?? ClientCredentials ?? RefreshToken;
    if (token?.clientId === undefined) return;
    this.context.dependencies.events.emit('token.revoked', {
      clientId: token.clientId,
      userId: AccessToken?.accountId ?? RefreshToken?.accountId,
      token: RefreshToken === undefined ? 'access_token' : 'refresh_token',
      familyId: AccessToken?.grantId ?? RefreshToken?.grantId,
    });
  }
}

/** The interaction that is named in the path, if a request continues there. */
function resumedUid({ name, innerPath }: Endpoint): string | undefined {
  return isResume(name) ? innerPath.slice(innerPath.lastIndexOf('/') + 1) : undefined;
}

function isResume(name: string): boolean {
  return name === 'resume' || name === 'device_resume';
}

/** oidc-provider repeats a refused scope. RFC 6749 §5.2 has no such member, and text from strangers is not repeated. */
function withoutEcho(inner: Koa.Context): void {
  const { body } = inner;
  if (typeof body !== 'object' || body === null || !('error' in body) || !('scope' in body)) return;
  const { scope: _echo, ...rest } = body as Record<string, unknown>;
  const { status } = inner;
  inner.body = rest;
  inner.status = status;
}

/** The header fields are already on the response; status and body are copied. */
function transfer(inner: Koa.Context, outer: Context): void {
  const { status, body } = inner;
  outer.status = status;
  if (body !== undefined && body !== null) outer.body = body;
}
