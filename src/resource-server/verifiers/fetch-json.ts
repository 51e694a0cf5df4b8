/** How a document is fetched. */
export interface JsonFetch {
  /** Aborts the call, including reading the body. */
  readonly signal: AbortSignal;
  readonly maximumBytes: number;
  /** The accepted media types. Default `application/json`. */
  readonly accept?: string;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * Fetches a JSON document and reads no more than the limit. A redirect is a failure, as is every status but 200,
 * because its target was not named by a trusted party.
 *
 * @throws Error with the reason for the log; it contains nothing of the body
 */
export function fetchJson(url: string, options: JsonFetch): Promise<unknown> {
  // The host's `fetch` may ignore the signal.
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

/** `fetch` puts the reason into the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = (error ?? {}) as { readonly cause?: unknown; readonly message?: unknown };
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : String(message);
}
