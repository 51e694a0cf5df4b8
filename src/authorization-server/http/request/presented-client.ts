import type { Context } from 'koa';
import { type Parameters, parameter } from './parameters.js';

/**
 * The client identifier that a request claims, before anything of it is checked: from the Basic credentials, the
 * assertion or the form (RFC 6749 §2.3.1, RFC 7523 §3).
 */
export function claimedClientId({ req }: Context, parameters: Parameters): string | undefined {
  const header = req.headers.authorization ?? '';
  if (/^basic /i.test(header)) return basicCredentials(header)?.clientId;
  return parameter(parameters, 'client_id') ?? subjectOf(parameter(parameters, 'client_assertion'));
}

/** Who a request means to prove to be. */
export interface PresentedClient {
  readonly clientId: string;
  /** Left out where it is an assertion. */
  readonly secret?: string;
}

/** What a request proves itself by, before anything of it is checked; `undefined` if it presents no credentials. */
export function presentedClient({ req }: Context, parameters: Parameters): PresentedClient | undefined {
  const header = req.headers.authorization ?? '';
  if (header !== '') return basicCredentials(header) ?? { clientId: '' };
  const secret = parameter(parameters, 'client_secret');
  if (secret !== undefined) return { clientId: parameter(parameters, 'client_id') ?? '', secret };
  const assertion = parameter(parameters, 'client_assertion');
  return assertion === undefined ? undefined : { clientId: subjectOf(assertion) ?? '' };
}

/**
 * The credentials of an `Authorization: Basic` field. RFC 6749 §2.3.1: identifier and secret are encoded as form values
 * within them.
 */
export function basicCredentials(header: string): { readonly clientId: string; readonly secret: string } | undefined {
  const [scheme, encoded, ...others] = header.split(' ');
  if (scheme?.toLowerCase() !== 'basic' || encoded === undefined || others.length > 0) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  try {
    const [clientId = '', secret = ''] = [text.slice(0, colon), text.slice(colon + 1)].map(formDecoded);
    return { clientId, secret };
  } catch {
    return undefined;
  }
}

function formDecoded(text: string): string {
  return /[%+]/.test(text) ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
}

function subjectOf(assertion: string | undefined): string | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(assertion?.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { sub } = payload as { readonly sub?: unknown };
    return typeof sub === 'string' ? sub : undefined;
  } catch {
    return undefined;
  }
}
