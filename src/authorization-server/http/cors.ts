import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { isOrigin } from '../../core/origin.js';
import type { Endpoint } from './request/endpoint.js';

const ALLOW_ORIGIN = 'Access-Control-Allow-Origin';
const EXPOSE_HEADERS = 'Access-Control-Expose-Headers';

/** How long browsers may cache the response to a preflight. */
const PREFLIGHT_SECONDS = 3600;

/** The header fields that a page needs in order to react to a refusal. */
const EXPOSED = 'WWW-Authenticate, Retry-After, DPoP-Nonce';
const RATE_FIELD = /^(x-)?ratelimit/;

/**
 * Lets pages of other origins read the responses of an endpoint for programs (Fetch §3.3), including refusals. Cookies
 * have no meaning there, so credentials are never allowed; the origin `null`, which identifies nobody, is not allowed
 * either.
 *
 * If the application is known, it determines the allowed origins (`allowsOrigin`): oidc-provider asks after it has
 * found the application. Earlier refusals contain nothing about an application or a user, and can be read by every
 * origin.
 */
export class Cors {
  private constructor(
    private readonly response: ServerResponse,
    private readonly endpoint: Endpoint,
    /** The origin of the page; `undefined` if there is none, or it can never be allowed. */
    readonly origin: string | undefined,
  ) {}

  /**
   * Begins a response. `undefined` if pages of other origins may not read it, or the host has already set the fields.
   */
  static begin(outer: Context, endpoint: Endpoint): Cors | undefined {
    const { req, res } = outer;
    if (endpoint.readers === undefined || res.hasHeader(ALLOW_ORIGIN)) return undefined;
    if (endpoint.readers === 'everybody') res.setHeader(ALLOW_ORIGIN, '*');
    else if (res.hasHeader('Vary')) outer.vary('Origin');
    else res.setHeader('Vary', 'Origin');
    const { origin } = req.headers;
    return new Cors(res, endpoint, isOrigin(origin) ? origin : undefined);
  }

  /** The response is a refusal before the application was known, or independent of it. */
  allow(): void {
    if (this.endpoint.readers === 'applications' && this.origin !== undefined)
      this.response.setHeader(ALLOW_ORIGIN, this.origin);
  }

  /** The response is complete except for its body. */
  finish(): void {
    const { response, endpoint, origin } = this;
    if (endpoint.readers === 'applications' && origin === undefined) response.removeHeader(ALLOW_ORIGIN);
    // oidc-provider removes only one of the fields for origins that are not allowed.
    if (origin === undefined || !response.hasHeader(ALLOW_ORIGIN)) {
      response.removeHeader(EXPOSE_HEADERS);
      return;
    }
    const rates = response.getHeaderNames().filter((name) => RATE_FIELD.test(name));
    response.setHeader(EXPOSE_HEADERS, [EXPOSED, ...rates].join(', '));
  }
}

/** Answers OPTIONS (RFC 9110 §9.3.7), including preflights (Fetch §3.3.2). */
export function answerOptions(outer: Context, { methods }: Endpoint, cors: Cors | undefined): void {
  outer.set({ Allow: methods.join(', '), 'Cache-Control': 'no-store' });
  outer.status = 204;
  if (cors?.origin === undefined || outer.get('Access-Control-Request-Method') === '') return;
  cors.allow();
  outer.set({
    'Access-Control-Allow-Methods': methods.filter((method) => method !== 'OPTIONS').join(', '),
    'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
  });
  const fields = outer.get('Access-Control-Request-Headers');
  if (fields !== '') outer.set('Access-Control-Allow-Headers', fields);
  outer.vary('Access-Control-Request-Headers');
}
