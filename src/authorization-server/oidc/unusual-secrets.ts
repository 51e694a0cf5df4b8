import type { Context } from 'koa';
import { type Parameters, parameter } from '../http/request/parameters.js';
import { presentedClient } from '../http/request/presented-client.js';

/** Printable text with letters beyond ASCII. */
const BEYOND_ASCII = /^(?=.*[^\x20-\x7e])[\x20-\x7e\u{a0}-\u{10ffff}]+$/u;

/**
 * Credentials of the `Authorization` field whose secret has letters beyond ASCII, as form parameters. RFC 6749 appendix A.2
 * has no such secrets, and oidc-provider refuses them in the field, but not in a form; at other servers people chose them, and
 * applications keep their secrets when they are imported.
 *
 * @returns the parameters to add to the form in place of the field; `undefined` for every other request
 */
export function unusualCredentials(outer: Context, parameters: Parameters): Parameters | undefined {
  const field = outer.req.headers.authorization;
  if (field === undefined || !/^basic /i.test(field)) return undefined;
  const { clientId, secret } = presentedClient(outer, parameters) ?? { clientId: '' };
  if (clientId === '' || secret === undefined || !BEYOND_ASCII.test(secret)) return undefined;
  // Two ways to authenticate in one request are refused (RFC 6749 §2.3), as are two applications.
  if (['client_secret', 'client_assertion'].some((name) => parameter(parameters, name) !== undefined)) return undefined;
  const named = parameter(parameters, 'client_id');
  if (named !== undefined && named !== clientId) return undefined;
  return [...(named === undefined ? [['client_id', clientId] as const] : []), ['client_secret', secret] as const];
}

/** A form with more parameters. */
export function withParameters(body: string, added: Parameters): string {
  const more = new URLSearchParams();
  for (const [name, value] of added) more.append(name, value);
  return body === '' ? more.toString() : `${body}&${more}`;
}
