import type { Context } from 'koa';
import { sha256 } from '../../../core/digest.js';
import { rememberPerConnection } from '../../../core/remember-per-connection.js';
import { type Parameters, parameter } from './parameters.js';

/** Whom a request means to prove to be, and by what, before anything of it is checked. */
export interface PresentedClient {
  /** Empty where what is presented names nobody. */
  readonly clientId: string;
  /** Where it came from: the `Authorization` field, `client_secret` in the form, or an assertion there. */
  readonly source: 'field' | 'form' | 'assertion';
  /** Missing if it presents an assertion. */
  readonly secret?: string;
  /** SHA-256 of a secret that came in a field that is written exactly as the RFCs say; left out otherwise. */
  readonly secretHash?: Buffer;
}

/** Well-formed credentials (RFC 7617 §2, RFC 4648 §4); decoders accept more. */
const EXACT_BASIC = /^basic (?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/i;

/**
 * What a request proves itself by: the `Authorization` field, a secret in the form, or an assertion (RFC 6749 §2.3.1,
 * RFC 7523 §3). `undefined` if it presents no credentials. What is read of a field is remembered with the connection.
 */
export function presentedClient({ req }: Context, parameters: Parameters): PresentedClient | undefined {
  const field = req.headers.authorization ?? '';
  if (field !== '') return rememberPerConnection(req.socket, field, clientOfField);
  const secret = parameter(parameters, 'client_secret');
  if (secret !== undefined) {
    return { clientId: parameter(parameters, 'client_id') ?? '', source: 'form', secret };
  }
  const assertion = parameter(parameters, 'client_assertion');
  return assertion === undefined ? undefined : { clientId: subjectOf(assertion) ?? '', source: 'assertion' };
}

/**
 * The client identifier that a request claims, without any check: from the Basic credentials, the assertion or the form
 * (RFC 6749 §2.3.1, RFC 7523 §3).
 */
export function claimedClientId({ req }: Context, parameters: Parameters): string | undefined {
  const header = req.headers.authorization ?? '';
  if (/^basic /i.test(header)) return basicCredentials(header)?.clientId;
  return parameter(parameters, 'client_id') ?? subjectOf(parameter(parameters, 'client_assertion'));
}

function clientOfField(field: string): PresentedClient {
  const credentials = basicCredentials(field);
  if (credentials === undefined) return { clientId: '', source: 'field' };
  const client = { ...credentials, source: 'field' } as const;
  return EXACT_BASIC.test(field) ? { ...client, secretHash: sha256(credentials.secret) } : client;
}

/**
 * The credentials of an `Authorization: Basic` field. RFC 6749 §2.3.1: identifier and secret are encoded as form values
 * within them.
 */
function basicCredentials(header: string): { readonly clientId: string; readonly secret: string } | undefined {
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
