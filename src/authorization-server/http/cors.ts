import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { isOrigin } from '../../core/origin.js';
import type { Endpoint } from './request/endpoint.js';

const ALLOW_ORIGIN = 'Access-Control-Allow-Origin';
const EXPOSE_HEADERS = 'Access-Control-Expose-Headers';

/** How long browsers may keep the answer to a preflight. */
const PREFLIGHT_SECONDS = 3600;

/** What a page needs to know of an answer beside its body, to go on after a refusal. */
const EXPOSED = 'WWW-Authenticate, Retry-After, DPoP-Nonce';
const RATE_FIELD = /^(x-)?ratelimit/;

/**
 * Lets pages of other origins read the answers of an endpoint for programs (Fetch §3.3), refusals as successes. No
 * cookie means anything there, so credentials are never allowed; and no page with the origin `null` is let in, which
 * belongs to nobody.
 *
 * Where applications are known, they decide who reads (`allowsOrigin`): oidc-provider asks once it has found the
 * application. What is refused before that holds nothing of an application or a user, and is readable from everywhere.
 */
export class Cors {
  private constructor(
    private readonly response: ServerResponse,
    private readonly endpoint: Endpoint,
    /** Where the page is from; `undefined` if there is none, or none that could be allowed. */
    readonly origin: string | undefined,
  ) {}

  /** Begins an answer. `undefined` if it is not for pages of other origins, or the host has said already for which. */
  static begin(outer: Context, endpoint: Endpoint): Cors | undefined {
    const { req, res } = outer;
    if (endpoint.readers === undefined || res.hasHeader(ALLOW_ORIGIN)) return undefined;
    if (endpoint.readers === 'everybody') res.setHeader(ALLOW_ORIGIN, '*');
    else if (res.hasHeader('Vary')) outer.vary('Origin');
    else res.setHeader('Vary', 'Origin');
    const { origin } = req.headers;
    return new Cors(res, endpoint, isOrigin(origin) ? origin : undefined);
  }

  /** The answer is a refusal from before the application was known, or in spite of it. */
  allow(): void {
    if (this.endpoint.readers === 'applications' && this.origin !== undefined)
      this.response.setHeader(ALLOW_ORIGIN, this.origin);
  }

  /** The answer is complete but for its body. */
  finish(): void {
    const { response, endpoint, origin } = this;
    if (endpoint.readers === 'applications' && origin === undefined) response.removeHeader(ALLOW_ORIGIN);
    // oidc-provider takes the one field away from origins that are not allowed, and leaves the other.
    if (origin === undefined || !response.hasHeader(ALLOW_ORIGIN)) {
      response.removeHeader(EXPOSE_HEADERS);
      return;
    }
    const rates = response.getHeaderNames().filter((name) => RATE_FIELD.test(name));
    response.setHeader(EXPOSE_HEADERS, [EXPOSED, ...rates].join(', '));
  }
}

/** Answers OPTIONS (RFC 9110 §9.3.7), preflights among them (Fetch §3.3.2). */
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
