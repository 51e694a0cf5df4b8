import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { fetchOutside } from '../../../../src/authorization-server/engine/outbound.js';

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

async function listening(): Promise<{ readonly port: number; connections: number }> {
  const seen = { port: 0, connections: 0 };
  server = createServer();
  server.on('connection', (socket) => {
    seen.connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  seen.port = (server.address() as AddressInfo).port;
  return seen;
}

test('[AS-44] nothing is fetched without the guard against private addresses', async () => {
  const seen = await listening();
  await expect(fetchOutside(`https://127.0.0.1:${seen.port}/`)).rejects.toThrow('private networks');
  await expect(fetchOutside(`https://127.0.0.1:${seen.port}/`, {})).rejects.toThrow('private networks');
  expect(seen.connections).toBe(0);
});

test('[AS-44] only https is fetched', async () => {
  const seen = await listening();
  await expect(fetchOutside(`http://127.0.0.1:${seen.port}/`)).rejects.toThrow('Only https');
  expect(seen.connections).toBe(0);
});
