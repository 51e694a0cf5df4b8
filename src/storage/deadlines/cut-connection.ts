interface Stream {
  destroy(): unknown;
}

/** Where the drivers (mysql2, mysql, pg) keep the socket of a connection. */
interface DriverConnection {
  readonly stream?: Partial<Stream>;
  readonly _socket?: Partial<Stream>;
  readonly connection?: { readonly stream?: Partial<Stream> };
}

/** The socket of a driver's connection, if the driver exposes it. */
export function socketOf<Socket extends Stream>(connection: unknown): Socket | undefined {
  const { stream, _socket, connection: inner } = connection as DriverConnection;
  const socket = stream ?? _socket ?? inner?.stream;
  return typeof socket?.destroy === 'function' ? (socket as Socket) : undefined;
}

/**
 * Cuts a connection immediately. The server then rolls back what was open on it; the drivers' own methods would first
 * send a message to a server that may never read it.
 */
export function cutConnection(connection: unknown): void {
  socketOf(connection)?.destroy();
}
