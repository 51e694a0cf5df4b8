import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import Koa, { type Context } from 'koa';

/** A request that nobody has sent. */
export interface FakeRequest {
  /** Default GET. */
  readonly method?: string | undefined;
  /** Default `/`. */
  readonly path?: string | undefined;
  /** The parameters after `?`. Default: none. */
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** Header fields, by name in any case. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What the router reads from the path, e.g. `{ id: '5' }`. */
  readonly params?: Readonly<Record<string, string>> | undefined;
}

const koa = new Koa();

/** A Koa context of such a request; its connection is to nobody. */
export function fakeContext({
  method = 'GET',
  path = '/',
  query = {},
  headers = {},
  params = {},
}: FakeRequest): Context {
  const request = new IncomingMessage(new Socket());
  const search = new URLSearchParams(query).toString();
  request.method = method.toUpperCase();
  request.url = search === '' ? path : `${path}?${search}`;
  for (const [name, value] of Object.entries(headers)) request.headers[name.toLowerCase()] = value;
  const context = koa.createContext(request, new ServerResponse(request));
  return Object.assign(context, { params: { ...params } }) as unknown as Context;
}
