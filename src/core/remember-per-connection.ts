/*
 * Replaces no library code: it avoids reading a header field anew for each request. A client with a keep-alive
 * connection sends the same credentials again, and parsing and hashing them are the most expensive steps of a warm
 * request. Must equal: the result of `compute` for the field. Compared by:
 * test/unit/core/remember-per-connection.test.ts, and over one connection by
 * test/integration/routing-controllers/one-connection.test.ts. Written for the sockets of `node:http`; for other
 * objects, or without a socket, the result is computed each time.
 */

const REMEMBERED = Symbol('routing-controllers-oauth2.remembered-field');

/** One object per connection, overwritten when another field arrives. */
interface Remembered {
  field: string;
  compute: (field: string) => unknown;
  value: unknown;
}

type RememberingSocket = object & { [REMEMBERED]?: Remembered };

/**
 * The result of a function of a header field, remembered with the connection until another field or function is used.
 *
 * @param field the value of the field
 * @param compute depends on the field only; must be the same function each time, not a closure created for the call
 */
export function rememberPerConnection<T>(
  socket: RememberingSocket | undefined,
  field: string,
  compute: (field: string) => T,
): T {
  const remembered = socket?.[REMEMBERED];
  if (remembered !== undefined && remembered.field === field && remembered.compute === compute) {
    return remembered.value as T;
  }
  const value = compute(field);
  if (remembered !== undefined) {
    remembered.field = field;
    remembered.compute = compute;
    remembered.value = value;
  } else if (socket !== undefined && Object.isExtensible(socket)) {
    socket[REMEMBERED] = { field, compute, value };
  }
  return value;
}
