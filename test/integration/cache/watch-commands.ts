import { once } from 'node:events';
import { connect } from 'node:net';

/** Everything that a Redis is sent, from now on. */
export interface WatchedCommands {
  /** The commands so far, as MONITOR shows them. */
  readonly text: string;
  stop(): void;
}

/**
 * Watches a Redis with MONITOR, on a socket of its own: the monitor of ioredis breaks if a command of another
 * connection comes right behind the answer to MONITOR.
 */
export async function watchCommands(url: string): Promise<WatchedCommands> {
  const { hostname, port, username, password } = new URL(url);
  const socket = connect(Number(port || 6379), hostname);
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('utf8').on('data', (data) => {
    text += data;
  });
  if (password !== '') socket.write(`AUTH ${username || 'default'} ${password}\r\n`);
  socket.write('MONITOR\r\n');
  while (!text.includes('+OK\r\n')) await once(socket, 'data');
  return {
    get text() {
      return text;
    },
    stop: () => socket.destroy(),
  };
}
