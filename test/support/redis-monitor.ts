import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';

/**
 * The commands that a Redis server serves meanwhile, each as its words with blanks between them. It reads the stream of
 * MONITOR itself: in ioredis, what arrives together with the answer to MONITOR is taken for an answer of its own.
 *
 * @param marker a key that nobody else asks for; by it the end of the stream is known
 */
export async function redisCommandsDuring(url: string, marker: string, run: () => Promise<unknown>): Promise<string[]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port || 6379), hostname);
  await once(socket, 'connect');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const redis = new Redis(url);
  try {
    socket.write('MONITOR\r\n');
    const first = await lines.next();
    if (first.value !== '+OK') throw new Error(`Redis answered MONITOR with "${first.value}".`);
    await run();
    await redis.get(marker);
    const commands: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error('Redis ended the stream of MONITOR.');
      const command = value.slice(value.indexOf('"') + 1, -1).replaceAll('" "', ' ');
      if (command.endsWith(marker)) return commands;
      commands.push(command);
    }
  } finally {
    redis.disconnect();
    socket.destroy();
  }
}
