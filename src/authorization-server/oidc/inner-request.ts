import type { IncomingMessage } from 'node:http';
import type { Issuer } from '../options/issuer.js';

/** What oidc-provider sees in place of the original request. */
export interface InnerRequest {
  /** Path and query. */
  readonly url: string;
  /** Default: the original method. */
  readonly method?: 'GET' | undefined;
  /** The body, which was already read. */
  readonly body: string;
  /** The format of errors: determined by the endpoint, not by what the caller accepts. */
  readonly accept?: 'text/html' | 'application/json';
  /** Whether the `Authorization` field is left out, because the body says the same. */
  readonly withoutAuthorization?: boolean;
}

/**
 * The request as oidc-provider sees it: addressed to the issuer, whatever the `Host` field says, so that no URL and no
 * cookie depends on what a caller or a proxy writes there. Its body can be read again.
 */
export function innerRequest(request: IncomingMessage, issuer: Issuer, inner: InnerRequest): IncomingMessage {
  const { url, body, accept, method = request.method, withoutAuthorization = false } = inner;
  const bytes = Buffer.from(body, 'utf8');
  const headers: IncomingMessage['headers'] = {
    ...request.headers,
    host: issuer.host,
    'x-forwarded-host': issuer.host,
    'x-forwarded-proto': issuer.protocol,
    ...(accept !== undefined && { accept }),
  };
  delete headers['transfer-encoding'];
  delete headers['x-forwarded-for'];
  if (withoutAuthorization) delete headers.authorization;
  if (method !== request.method) for (const name of ['content-length', 'content-type']) delete headers[name];
  if (method === 'POST' || bytes.length > 0) headers['content-length'] = String(bytes.length);
  const replaced: Readonly<Record<string | symbol, unknown>> = {
    url,
    method,
    originalUrl: url,
    headers,
    readable: true,
    readableEncoding: null,
    iterator: () => (bytes.length === 0 ? [] : [bytes]),
  };
  return new Proxy(request, {
    get(target, name) {
      if (Object.hasOwn(replaced, name)) return replaced[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    // Koa and others set properties on the request; the replaced ones do not change.
    set: (target, name, value) => Object.hasOwn(replaced, name) || Reflect.set(target, name, value, target),
  });
}
