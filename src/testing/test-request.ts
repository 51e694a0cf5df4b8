/** Header fields, as `fetch` takes them. */
export type RequestHeaders = NonNullable<RequestInit['headers']>;

/** A request, as `fetch` takes it. */
export interface TestRequest extends Omit<RequestInit, 'headers'> {
  /** May be a promise, as `t.as` returns it. */
  readonly headers?: RequestHeaders | PromiseLike<RequestHeaders> | undefined;
  /** A body to be sent as JSON; the default of `method` is then POST. */
  readonly json?: unknown;
}

/** The same for `fetch`. */
export async function requestInit({
  json,
  headers,
  ...rest
}: TestRequest): Promise<RequestInit & { readonly method: string; readonly headers: Headers }> {
  const fields = new Headers(await headers);
  const method = rest.method ?? (json === undefined ? 'GET' : 'POST');
  if (json === undefined) return { ...rest, method, headers: fields };
  if (!fields.has('content-type')) fields.set('content-type', 'application/json');
  return { ...rest, method, headers: fields, body: JSON.stringify(json) };
}
