/** How a document is fetched. */
export interface JsonFetch {
  /** Ends the call, the reading of the body included. */
  readonly signal: AbortSignal;
  readonly maximumBytes: number;
  /** The media types that are asked for. Default `application/json`. */
  readonly accept?: string;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * Fetches a JSON document, and reads no more of it than may be. A redirect is a failure, as is every status but 200: where it
 * leads was not named by anybody who is trusted.
 *
 * @throws Error that says what went wrong, for the log: it holds nothing of the body
 */
export function fetchJson(url: string, options: JsonFetch): Promise<unknown> {
  // A `fetch` of the host's may not obey the signal.
  return Promise.race([read(url, options), rejectionOn(url, options.signal)]);
}

function rejectionOn(url: string, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(new Error(`${url} took too long`));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

async function read(
  url: string,
  { signal, maximumBytes, accept, fetch: fetchIt = globalThis.fetch }: JsonFetch,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetchIt(url, {
      signal,
      redirect: 'manual',
      headers: { accept: accept ?? 'application/json' },
    });
  } catch (error) {
    throw new Error(`${url} cannot be fetched: ${reasonOf(error)}`);
  }
  if (response.status !== 200) {
    response.body?.cancel().catch(() => undefined);
    throw new Error(`${url} answered with status ${response.status}`);
  }
  const text = await readText(url, response, maximumBytes);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${url} did not answer with JSON`);
  }
}

async function readText(url: string, response: Response, maximumBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the stream, and so closes the connection.
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.byteLength;
      if (length > maximumBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new Error(`${url} cannot be read: ${reasonOf(error)}`);
  }
  if (length > maximumBytes) throw new Error(`${url} answered with more than ${maximumBytes} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new Error(`${url} did not answer with UTF-8`);
  }
}

/** `fetch` hides what happened in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = (error ?? {}) as { readonly cause?: unknown; readonly message?: unknown };
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : String(message);
}
