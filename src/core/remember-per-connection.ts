/*
 * Replaces nothing of a library: it stands where a header field would be read anew for each request. A client that keeps
 * its connection alive sends the same credentials again, and to read and digest them are the most expensive steps of a
 * warm request. Must equal: what `compute` makes of the field each time. Compared by:
 * test/unit/core/remember-per-connection.test.ts, and over one connection by
 * test/integration/routing-controllers/one-connection.test.ts. It is written for the sockets of `node:http`; a request that
 * comes with another kind of object, or with none, has its field computed each time.
 */

const REMEMBERED = Symbol('routing-controllers-oauth2.remembered-field');

/** Written anew when another field comes: one object for each connection. */
interface Remembered {
  field: string;
  compute: (field: string) => unknown;
  value: unknown;
}

type RememberingSocket = object & { [REMEMBERED]?: Remembered };

/**
 * What a function makes of a header field, remembered with the connection until another field or another function comes.
 *
 * @param field the value of the field
 * @param compute depends on the field alone; the same function each time, not one that is made for the call
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
