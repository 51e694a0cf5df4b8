import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import { PageError } from '../page-error.js';

/** The fields of a form. */
export interface FormFields {
  /** The value of a field; empty if it was not sent. */
  value(name: string): string;
  /** All values of a field that may occur more than once (checkboxes). */
  list(name: string): readonly string[];
  has(name: string): boolean;
}

/** Much more than any form of these pages contains. */
const MAXIMUM_BODY_BYTES = 64 * 1024;
const MAXIMUM_FIELDS = 200;

/**
 * Reads the urlencoded body of a form.
 *
 * @param lists the fields that may occur more than once; if another one does, the body is refused
 * @throws PageError 400, 413 or 415
 */
export async function readForm(context: Context, lists: readonly string[] = []): Promise<FormFields> {
  const [mediaType = '', ...parameters] = (context.get('Content-Type') ?? '').toLowerCase().split(';');
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-8"?$/.test(charset);
  if (mediaType.trim() !== 'application/x-www-form-urlencoded' || !isUtf8 || context.get('Content-Encoding') !== '') {
    throw new PageError(415, 'wrongType');
  }
  return parseFields(await readBody(context), lists);
}

/** Reads query parameters like the fields of a form. */
export function readQuery(context: Context): FormFields {
  return parseFields(context.querystring, []);
}

async function readBody(context: Context): Promise<string> {
  // A parser of the host may have run before.
  const { rawBody } = context.request as { readonly rawBody?: unknown };
  if (typeof rawBody === 'string') {
    if (Buffer.byteLength(rawBody) > MAXIMUM_BODY_BYTES) throw tooLarge(context);
    return rawBody;
  }
  if (context.req.readableEnded) {
    throw new Error('The body of a form was read before the pages could: mount them before any body parser.');
  }
  if (Number(context.get('Content-Length')) > MAXIMUM_BODY_BYTES) throw tooLarge(context);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bodyOf(context.req)) {
    size += chunk.length;
    if (size > MAXIMUM_BODY_BYTES) throw tooLarge(context);
    chunks.push(chunk);
  }
  // Bytes that are not UTF-8 are not allowed in an urlencoded form; decoded as Latin-1 they are refused by parseFields.
  return Buffer.concat(chunks).toString('latin1');
}

/** The chunks of a body. If the connection breaks off, that is not a fault of the server. */
async function* bodyOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    // Leaving the loop early must not destroy the connection, on which the refusal still has to be sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch {
    throw new PageError(400, 'badRequest');
  }
}

function tooLarge(context: Context): PageError {
  // The rest of the body is not read, so the connection cannot be reused.
  context.set('Connection', 'close');
  return new PageError(413, 'tooLarge');
}

function parseFields(text: string, lists: readonly string[]): FormFields {
  const fields = new Map<string, string[]>();
  const pairs = text.split('&').filter((pair) => pair !== '');
  if (pairs.length > MAXIMUM_FIELDS) throw new PageError(400, 'badRequest');
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1));
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else if (lists.includes(name)) values.push(value);
    else throw new PageError(400, 'badRequest');
  }
  return {
    value: (name) => fields.get(name)?.[0] ?? '',
    list: (name) => fields.get(name) ?? [],
    has: (name) => fields.has(name),
  };
}

function decode(text: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new PageError(400, 'badRequest');
  }
  // NUL is not text, and unescaped non-ASCII bytes have no known encoding.
  if (decoded.includes('\0') || /[\u0080-\uffff]/.test(text)) throw new PageError(400, 'badRequest');
  return decoded;
}
