import { stringify } from 'node:querystring';
import type { Context } from 'koa';
import { BadRequest } from './bad-request.js';

const MAXIMUM_BYTES = 64 * 1024;

/**
 * Reads the body of a POST. One that a body parser before this has taken already is written back as text.
 *
 * @throws BadRequest if it is too large, of another media type or not UTF-8
 */
export async function readBody(context: Context, kind: 'form' | 'json' | undefined): Promise<string> {
  const { req } = context;
  if (kind === undefined) return '';
  const type = kind === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  const length = context.request.length ?? 0;
  if (context.get('content-type') === '') {
    // No body needs no media type; what is missing in it is said by the endpoint.
    if (length === 0 && req.headers['transfer-encoding'] === undefined) return '';
    throw new BadRequest(`the body must be ${type}`);
  }
  // `is` also answers null, where there is a media type but no body.
  if (context.is(type) === false) throw new BadRequest(`the body must be ${type}`);
  if (context.get('content-encoding') !== '') throw new BadRequest('the body must not be compressed');
  if (length > MAXIMUM_BYTES) throw tooLarge();
  return req.readableEnded || !req.readable ? parsedBefore(context, kind) : decodeUtf8(await collect(context));
}

async function collect({ req }: Context): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > MAXIMUM_BYTES) throw tooLarge();
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    // A connection that breaks off is the caller's doing.
    throw error instanceof BadRequest ? error : new BadRequest('the body is not complete');
  }
  return Buffer.concat(chunks, bytes);
}

function parsedBefore(context: Context, kind: 'form' | 'json'): string {
  const { rawBody, body } = context.request as { readonly rawBody?: unknown; readonly body?: unknown };
  if (typeof rawBody === 'string') return rawBody;
  if (typeof body !== 'object' || body === null) return '';
  return kind === 'json' ? JSON.stringify(body) : stringify(body as Record<string, string>);
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BadRequest('the body is not UTF-8');
  }
}

function tooLarge(): BadRequest {
  // The rest is not read: the connection ends with the answer.
  return new BadRequest('the body is too large', 'invalid_request', 400, { Connection: 'close' });
}
