import { request } from 'node:https';
import { isIP, isIPv6, type LookupFunction } from 'node:net';
import { isPublicAddress } from '../../core/addresses/index.js';
import { hostAddresses } from './host-addresses.js';

/** The largest key set of an application that is read, in bytes. */
export const MAXIMUM_KEY_SET_BYTES = 64 * 1024;
/**
 * The largest metadata document that is read, in bytes, as draft-ietf-oauth-client-id-metadata-document §6.6
 * recommends.
 */
export const MAXIMUM_METADATA_BYTES = 5 * 1024;
/** How long a fetch may take, and how long every failure takes, in milliseconds. */
export const FETCH_DEADLINE_MILLISECONDS = 2_500;

/** A time limit that can be cancelled. */
export interface Deadline {
  readonly passed: Promise<void>;
  cancel(): void;
}

/** The parts of the network that a test can replace. */
export interface OutboundNetwork {
  /** The addresses of a host. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Whether an address may be connected to. */
  readonly isAllowed: (address: string) => boolean;
  readonly deadline: () => Deadline;
  /** The largest document that is read, in bytes. */
  readonly maximumBytes: number;
  /** The trusted certificate authorities; `undefined`: those of the platform. */
  readonly ca?: string | undefined;
}

/** Fetches a document. */
export type Fetch = (input: string | URL | Request, options?: RequestInit) => Promise<Response>;

/**
 * Creates the function that fetches documents named by applications: small JSON documents by https, at public
 * addresses, without redirects.
 *
 * The host name is resolved once, and only a checked address is connected to, so that a name cannot be public when it
 * is checked and private when it is used. Every failure is the same error after the same time, whether the name is
 * unknown, the address private, the port closed or silent, or the response not a document. So a failure reveals nothing
 * about what exists at an address.
 */
export function outboundFetch(dependencies: OutboundNetwork): Fetch {
  return async (input, options) => {
    const deadline = dependencies.deadline();
    const abort = new AbortController();
    const given = input instanceof Request ? input.url : input;
    const document = read(given, options, dependencies, abort.signal);
    // Handled here, because it may fail long after the deadline.
    const answer = document.catch(() => undefined);
    const inTime = await Promise.race([answer, deadline.passed.then(() => undefined)]);
    if (inTime !== undefined) {
      deadline.cancel();
      return inTime;
    }
    await deadline.passed;
    abort.abort();
    throw new TypeError('The document could not be fetched.');
  };
}

/** Makes a function that fetches through the real network. */
export function networkFetch(
  given: Pick<OutboundNetwork, 'isAllowed' | 'maximumBytes'> & Partial<Pick<OutboundNetwork, 'ca' | 'resolve'>>,
): Fetch {
  return outboundFetch({
    resolve: hostAddresses,
    deadline: () => timer(FETCH_DEADLINE_MILLISECONDS),
    ...given,
  });
}

/** Fetches the key set of an application. */
export const fetchKeySet: Fetch = networkFetch({ isAllowed: isPublicAddress, maximumBytes: MAXIMUM_KEY_SET_BYTES });

function timer(milliseconds: number): Deadline {
  let handle: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    handle = setTimeout(resolve, milliseconds);
  });
  return { passed, cancel: () => clearTimeout(handle) };
}

async function read(
  given: string | URL,
  options: RequestInit | undefined,
  { resolve, isAllowed, ca, maximumBytes }: OutboundNetwork,
  signal: AbortSignal,
): Promise<Response> {
  const url = new URL(given);
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') throw new TypeError('Only https.');
  if (options?.body !== undefined && options.body !== null) throw new TypeError('Nothing is sent.');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) === 0 ? await resolve(host) : [host];
  // A single private address among them would be enough to reach an internal network.
  if (addresses.length === 0 || !addresses.every(isAllowed)) throw new TypeError('Only public addresses.');
  const accept = new Headers(options?.headers).get('accept') ?? 'application/json';
  return get(url, { addresses, accept, ca, maximumBytes, signal });
}

interface Getting {
  readonly addresses: readonly string[];
  readonly accept: string;
  readonly ca: string | undefined;
  readonly maximumBytes: number;
  readonly signal: AbortSignal;
}

function get(url: URL, { addresses, accept, ca, maximumBytes, signal }: Getting): Promise<Response> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { agent: false, ca, signal, headers: { accept }, lookup: answering(addresses) },
      (incoming) => {
        // A redirect is a failure like every other status: its target was not checked.
        if (incoming.statusCode !== 200) {
          outgoing.destroy(new TypeError('Not 200.'));
          return;
        }
        const chunks: Buffer[] = [];
        let length = 0;
        incoming.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > maximumBytes) outgoing.destroy(new TypeError('Too long.'));
          else chunks.push(chunk);
        });
        incoming.on('error', reject);
        incoming.on('end', () => {
          try {
            const text = Buffer.concat(chunks).toString('utf8');
            JSON.parse(text);
            resolve(new Response(text, { status: 200, headers: keptFields(incoming.headers) }));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** How long the document may be cached, and its type. */
function keptFields(headers: NodeJS.Dict<string | string[]>): Headers {
  const fields = new Headers();
  for (const name of ['cache-control', 'content-type', 'expires']) {
    const value = headers[name];
    if (typeof value === 'string') fields.set(name, value);
  }
  return fields;
}

/** Returns the checked addresses, whatever the name resolves to now. */
function answering(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_hostname, options, callback) => {
    if (options.all === true) return callback(null, all);
    callback(null, all[0]?.address ?? '', all[0]?.family);
  };
}
