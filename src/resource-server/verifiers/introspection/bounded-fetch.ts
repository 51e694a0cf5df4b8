import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { reasonOf } from '../../../core/logged-failure.js';
import { EndpointFailure } from './endpoint-failure.js';
import { isSafeUrl } from './endpoint-url.js';

/** The largest answer that is read. */
export const MAXIMUM_BODY_BYTES = 65_536;

/** The longest pause that a server may request. */
const LONGEST_PAUSE_SECONDS = 60;

export interface BoundedFetchOptions {
  /** The time from the request to the last byte of the answer, including the wait for a connection. */
  readonly timeoutMilliseconds: number;
  /** The maximum number of connections to one server, and so of concurrent calls. */
  readonly connections: number;
}

/** The parts of a request; a subset of what `fetch` accepts. */
export interface BoundedRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams | undefined;
}

/**
 * Sends a request over a kept-alive connection, and reads an answer of at most 64 KiB within a time limit. Redirects
 * are not followed, so that credentials and tokens reach only the server that the operator configured.
 * @throws EndpointFailure unless the answer has status 200 and is complete
 */
export type BoundedFetch = (url: string, request: BoundedRequest) => Promise<Response>;

/** Creates a `BoundedFetch` with its own connections. Idle connections do not keep the process alive. */
export function boundedFetch({ timeoutMilliseconds, connections }: BoundedFetchOptions): BoundedFetch {
  const options = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections };
  const agents: Agents = {
    http: new http.Agent(options),
    https: new https.Agent({ ...options, rejectUnauthorized: true }),
  };

  return async (url, { method, headers, body }) => {
    if (!isSafeUrl(url)) throw new EndpointFailure('network', 'a URL is neither https nor on loopback');
    const content = body?.toString();
    const send = (untilMilliseconds: number, kept: Agents | undefined) =>
      exchange(
        url,
        {
          method,
          headers: {
            ...headers,
            'accept-encoding': 'identity',
            ...(content !== undefined && { 'content-length': String(Buffer.byteLength(content)) }),
          },
        },
        { content, agents: kept, untilMilliseconds, timeoutMilliseconds },
      );
    const until = performance.now() + timeoutMilliseconds;
    try {
      return await send(until, agents);
    } catch (error) {
      // The server closed an idle connection just as it was reused. The request was not processed, so it is sent again.
      if (error instanceof StaleConnectionError) return await send(until, undefined);
      throw error;
    }
  };
}

/** A kept-alive connection turned out to be closed before a byte of the answer arrived. */
class StaleConnectionError extends EndpointFailure {}

interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

interface Exchange {
  readonly content: string | undefined;
  /** `undefined`: a new connection. */
  readonly agents: Agents | undefined;
  readonly untilMilliseconds: number;
  readonly timeoutMilliseconds: number;
}

function exchange(
  url: string,
  head: { readonly method: string; readonly headers: Record<string, string> },
  { content, agents, untilMilliseconds, timeoutMilliseconds }: Exchange,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const isTls = url.startsWith('https:');
    const request = isTls
      ? https.request(url, { ...head, agent: agents?.https ?? false })
      : http.request(url, { ...head, agent: agents?.http ?? false });
    const timer = setTimeout(
      () => {
        // Data that arrived while this process was busy is read first.
        setImmediate(() =>
          setImmediate(() => fail(new EndpointFailure('time', `no answer within ${timeoutMilliseconds} milliseconds`))),
        );
      },
      Math.max(1, untilMilliseconds - performance.now()),
    );
    const fail = (failure: EndpointFailure): void => {
      clearTimeout(timer);
      request.destroy();
      reject(failure);
    };
    let hasBegun = false;
    request.on('error', (cause) => {
      const { code } = cause as { readonly code?: unknown };
      const isStale = request.reusedSocket && !hasBegun && (code === 'ECONNRESET' || code === 'EPIPE');
      const Failure = isStale ? StaleConnectionError : EndpointFailure;
      fail(new Failure('network', reasonOf(cause), { cause }));
    });
    request.on('response', (response) => {
      hasBegun = true;
      const failure = failureOf(response);
      if (failure !== undefined) return fail(failure);
      collect(response, fail, (text) => {
        clearTimeout(timer);
        resolve(new Response(text, { headers: { 'content-type': response.headers['content-type'] ?? '' } }));
      });
    });
    request.end(content);
  });
}

function failureOf({ statusCode = 0, headers }: IncomingMessage): EndpointFailure | undefined {
  if (statusCode === 200) {
    const encoding = headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') return undefined;
    return new EndpointFailure('answer', 'the answer is compressed, although that was not requested');
  }
  const message = `it answered with status ${statusCode}`;
  if (statusCode === 401 || statusCode === 403) return new EndpointFailure('credentials', message);
  const isRequests = statusCode >= 400 && statusCode < 500 && ![404, 405, 408, 429].includes(statusCode);
  if (isRequests) return new EndpointFailure('request', message);
  const pauseMilliseconds = pauseOf(headers['retry-after']);
  return new EndpointFailure('status', message, { ...(pauseMilliseconds !== undefined && { pauseMilliseconds }) });
}

/** `Retry-After` in seconds (RFC 9110 §10.2.3); dates are ignored. */
function pauseOf(field: string | undefined): number | undefined {
  return field !== undefined && /^\d{1,9}$/.test(field)
    ? Math.min(Number(field), LONGEST_PAUSE_SECONDS) * 1000
    : undefined;
}

/** The media type of an answer, without parameters and in lower case (RFC 9110 §8.3.1). */
export function mediaTypeOf(response: Response): string | undefined {
  return response.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
}

/** Reads a body to its end, up to the limit. */
function collect(
  response: IncomingMessage,
  fail: (failure: EndpointFailure) => void,
  done: (text: string) => void,
): void {
  const tooLong = () => fail(new EndpointFailure('answer', `the answer is longer than ${MAXIMUM_BODY_BYTES} bytes`));
  const chunks: Buffer[] = [];
  let length = 0;
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAXIMUM_BODY_BYTES) tooLong();
    else chunks.push(chunk);
  });
  response.on('error', (cause) => fail(new EndpointFailure('network', 'the answer is incomplete', { cause })));
  response.on('close', () => {
    if (response.complete) done(Buffer.concat(chunks).toString('utf8'));
    else fail(new EndpointFailure('network', 'the answer is incomplete'));
  });
}
