import type Koa from 'koa';
import type { Context } from 'koa';
import type { Provider } from 'oidc-provider';
import type { Endpoint } from '../http/request/endpoint.js';
import type { ReadRequest } from '../http/request/read-request.js';
import { KEYS_CACHED_SECONDS } from '../keys/signing-keys.js';
import type { EndpointContext } from '../server-context.js';
import { innerRequest } from './inner-request.js';
import { attachState, type InnerContext, type InnerState } from './inner-state.js';
import { completeAnswer } from './patches/completed-answers.js';
import { withoutInteractionCookies } from './patches/interaction-cookies.js';
import { bodyWithAlias, presentedJwt } from './presented-jwt.js';
import { unusualCredentials, withParameters } from './unusual-secrets.js';

/** How oidc-provider has handled a request. */
export interface Dispatched {
  readonly inner: InnerContext;
  readonly state: InnerState;
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
    const presented = presentedJwt(endpoint, read);
    const unusual = endpoint.body === 'form' ? unusualCredentials(outer, read.parameters) : undefined;
    const body = bodyWithAlias(read, presented);
    const request = innerRequest(outer.req, this.context.settings.issuer, {
      url: read.url,
      method: read.method,
      body: unusual === undefined ? body : withParameters(body, unusual),
      withoutAuthorization: unusual !== undefined,
      accept: endpoint.caller === 'browser' ? 'text/html' : 'application/json',
    });
    const inner = koa.createContext(request, outer.res) as InnerContext;
    const state: InnerState = {
      outer,
      endpoint,
      applications: new Map(),
      userCode: read.userCode,
      presentedJwt: presented,
      pageShown: false,
    };
    attachState(inner, state);
    inner.cookies = withoutInteractionCookies(inner.cookies, provider, resumedUid(endpoint));
    outer.res.statusCode = 404;
    const [dispatch] = koa.middleware;
    await dispatch?.(inner, async () => {});
    if (state.refusal !== undefined) throw state.refusal;
    await completeAnswer(this.context, inner, state);
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
}

/** The interaction that is named in the path, if a request continues there. */
function resumedUid({ name, innerPath }: Endpoint): string | undefined {
  return name === 'resume' || name === 'device_resume' ? innerPath.slice(innerPath.lastIndexOf('/') + 1) : undefined;
}

/** The header fields are already on the response; status and body are copied. */
function transfer(inner: Koa.Context, outer: Context): void {
  const { status, body } = inner;
  outer.status = status;
  if (body !== undefined && body !== null) outer.body = body;
}
