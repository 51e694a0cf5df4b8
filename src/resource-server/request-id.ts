import type { Context } from 'koa';

/** The name of a request field that a trusted proxy sets, or a function of the context. */
export type RequestIdSource = string | ((context: Context) => unknown);

/** What ids look like: no space, no control character, nothing that a log would have to quote. */
const ID = /^[A-Za-z0-9._:@/+=-]{1,128}$/;

/**
 * Makes the function that finds the id of a request, for events and log lines. Without an option it is `ctx.state.requestId`,
 * where middleware of the host may have put it: a field of the request is read only if the option names it, since a caller could
 * set it.
 *
 * @returns a function that never throws; `undefined` where there is no id, it does not look like one, or it is a credential
 */
export function requestIdOf(source: RequestIdSource | undefined): (context: Context) => string | undefined {
  const read = readerOf(source);
  return (context) => {
    let id: unknown;
    try {
      id = read(context);
    } catch {
      return undefined;
    }
    if (typeof id !== 'string' || !ID.test(id)) return undefined;
    return isCredentialOf(context, id) ? undefined : id;
  };
}

function readerOf(source: RequestIdSource | undefined): (context: Context) => unknown {
  if (source === undefined) return ({ state }) => (state as { readonly requestId?: unknown }).requestId;
  if (typeof source === 'function') return source;
  const field = source.toLowerCase();
  return ({ req }) => req.headers[field];
}

/** A caller may send its token as an id, too. */
function isCredentialOf({ req }: Context, id: string): boolean {
  const { authorization, cookie } = req.headers;
  return authorization?.includes(id) === true || cookie?.includes(id) === true || req.url?.includes(`=${id}`) === true;
}
