interface Stream {
  destroy(): unknown;
}

/** Where the drivers keep the socket of a connection: mysql2, mysql, pg. */
interface DriverConnection {
  readonly stream?: Partial<Stream>;
  readonly _socket?: Partial<Stream>;
  readonly connection?: { readonly stream?: Partial<Stream> };
}

/** The socket of a driver's connection, if the driver is one that shows it. */
export function socketOf<Socket extends Stream>(connection: unknown): Socket | undefined {
  const { stream, _socket, connection: inner } = connection as DriverConnection;
  const socket = stream ?? _socket ?? inner?.stream;
  return typeof socket?.destroy === 'function' ? (socket as Socket) : undefined;
}

/**
 * Cuts a connection off at once. The server then undoes what was open on it; the drivers' own ways would say goodbye
 * to a server that may never listen.
 */
export function cutConnection(connection: unknown): void {
  socketOf(connection)?.destroy();
}
