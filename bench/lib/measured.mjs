import { createServer } from 'node:http';

/**
 * Serves in a process that a benchmark has started, and talks to it by IPC: `start` and `stop` frame what is measured,
 * `stop` is answered with the CPU time, `close` ends the process.
 *
 * @param told what the benchmark is told beside the port
 */
export function serveMeasured(handler, close = async () => {}, told = {}) {
  const server = createServer({ keepAliveTimeout: 600_000 }, handler);
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port, ...told }));
  let started = process.cpuUsage();
  // The parent process has ended.
  process.on('disconnect', () => process.exit());
  process.on('message', async (message) => {
    if (message === 'start') started = process.cpuUsage();
    if (message === 'stop') {
      const { user, system } = process.cpuUsage(started);
      process.send({ cpuMicroseconds: user + system });
    }
    if (message === 'close') {
      server.closeAllConnections();
      server.close();
      await close();
      process.disconnect();
    }
  });
}
