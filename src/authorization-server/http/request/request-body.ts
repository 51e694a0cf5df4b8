import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { stringify } from 'node:querystring';
import type { Context } from 'koa';
import { BadRequest } from './bad-request.js';

const MAXIMUM_BYTES = 64 * 1024;

/**
 * Reads the body of a POST. One that a body parser before this has taken already is written back as text.
 *
 * @throws BadRequest (or rejects) if it is too large, of another media type or not UTF-8
 */
export function readBody(context: Context, kind: 'form' | 'json' | undefined): string | Promise<string> {
  const { req } = context;
  if (kind === undefined) return '';
  const type = kind === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  const length = Number(req.headers['content-length'] ?? 0);
  const given = req.headers['content-type'] ?? '';
  if (given === '') {
    // No body needs no media type; what is missing in it is said by the endpoint.
    if (length === 0 && req.headers['transfer-encoding'] === undefined) return '';
    throw new BadRequest(`the body must be ${type}`);
  }
  // Not by the request's own `is`: it sees no body where its length is not said, as over HTTP/2.
  if (given !== type && mediaType(given) !== type) throw new BadRequest(`the body must be ${type}`);
  if ((req.headers['content-encoding'] ?? '') !== '') throw new BadRequest('the body must not be compressed');
  if (length > MAXIMUM_BYTES) throw tooLarge();
  return req.readableEnded || !req.readable ? parsedBefore(context, kind) : collect(req);
}

/** A media type without its parameters, such as `charset` (RFC 9110 §8.3.1). */
function mediaType(field: string): string {
  return (field.split(';', 1)[0] as string).trim().toLowerCase();
}

/** By events, since the stream's own iterator costs as much as all else that the request needs. */
function collect(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const field = request.headers['content-length'];
    const declared = field === undefined ? undefined : Number(field);
    const leave = () => {
      request.off('readable', take).off('end', finish).off('close', broken).off('error', broken);
    };
    const take = () => {
      for (let given = request.read(); given !== null; given = request.read()) {
        // A middleware before this may have asked for text.
        const chunk = typeof given === 'string' ? Buffer.from(given, request.readableEncoding ?? 'utf8') : given;
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes <= MAXIMUM_BYTES) continue;
        leave();
        return reject(tooLarge());
      }
      // Over HTTP/2 only the event tells, which comes a little later.
      if (request.complete && (declared === undefined || bytes >= declared)) finish();
    };
    const finish = () => {
      if (request.aborted || (declared !== undefined && bytes !== declared)) return broken();
      leave();
      const [first] = chunks;
      const body = chunks.length === 1 ? (first as Buffer) : Buffer.concat(chunks, bytes);
      if (isUtf8(body)) resolve(body.toString('utf8'));
      else reject(new BadRequest('the body is not UTF-8'));
    };
    const broken = () => {
      leave();
      // A connection that breaks off is the caller's doing.
      reject(new BadRequest('the body is not complete'));
    };
    request.on('readable', take).on('end', finish).on('close', broken).on('error', broken);
    take();
  });
}

function parsedBefore(context: Context, kind: 'form' | 'json'): string {
  const { rawBody, body } = context.request as { readonly rawBody?: unknown; readonly body?: unknown };
  if (typeof rawBody === 'string') return rawBody;
  if (typeof body !== 'object' || body === null) return '';
  return kind === 'json' ? JSON.stringify(body) : stringify(body as Record<string, string>);
}

function tooLarge(): BadRequest {
  // The rest is not read: the connection ends with the answer.
  return new BadRequest('the body is too large', 'invalid_request', 400, { Connection: 'close' });
}
