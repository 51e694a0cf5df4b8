import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { stringify } from 'node:querystring';
import type { Context } from 'koa';
import { BadRequest } from './bad-request.js';

const MAXIMUM_BYTES = 64 * 1024;

/**
 * Reads the body of a POST. A body that a body parser has already consumed is serialized again.
 *
 * @throws BadRequest (or rejects) if it is too large, has another media type or is not UTF-8
 */
export function readBody(context: Context, kind: 'form' | 'json' | undefined): string | Promise<string> {
  const { req } = context;
  if (kind === undefined) return '';
  const type = kind === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  const length = Number(req.headers['content-length'] ?? 0);
  const given = req.headers['content-type'] ?? '';
  if (given === '') {
    // An empty body needs no media type; the endpoint reports missing parameters.
    if (length === 0 && req.headers['transfer-encoding'] === undefined) return '';
    throw new BadRequest(`the body must be ${type}`);
  }
  // Not with Koa's `is`, which sees no body if its length is unknown, as over HTTP/2.
  if (given !== type && mediaType(given) !== type) throw new BadRequest(`the body must be ${type}`);
  if ((req.headers['content-encoding'] ?? '') !== '') throw new BadRequest('the body must not be compressed');
  if (length > MAXIMUM_BYTES) throw tooLarge();
  return req.readableEnded || !req.readable ? parsedBefore(context, kind) : collect(req);
}

/** A media type without its parameters, such as `charset` (RFC 9110 §8.3.1). */
function mediaType(field: string): string {
  return (field.split(';', 1)[0] as string).trim().toLowerCase();
}

/** With events, because the stream's iterator costs as much as everything else that the request needs. */
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
        // Earlier middleware may have set an encoding.
        const chunk = typeof given === 'string' ? Buffer.from(given, request.readableEncoding ?? 'utf8') : given;
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes <= MAXIMUM_BYTES) continue;
        leave();
        return reject(tooLarge());
      }
      // Over HTTP/2 only the event indicates the end, slightly later.
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
      // A broken connection is not a fault of the server.
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
  // The rest is not read: the connection ends with the response.
  return new BadRequest('the body is too large', 'invalid_request', 400, { Connection: 'close' });
}
