import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';

/** A server whose certificate nobody trusts. */
export interface TlsMisfit {
  readonly port: number;
  /** How many clients have begun TLS. */
  handshakes(): number;
  close(): Promise<void>;
}

/** MySQL's greeting, protocol 10, of a server that can do TLS and passwords by mysql_native_password. */
function mysqlGreeting(): Buffer {
  const capabilities = 0x000f_ffff;
  const body = Buffer.concat([
    Buffer.from([10]),
    Buffer.from('8.0.0\0'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from('abcdefgh\0'),
    Buffer.from([capabilities & 0xff, (capabilities >> 8) & 0xff, 45, 2, 0]),
    Buffer.from([(capabilities >> 16) & 0xff, (capabilities >> 24) & 0xff, 21]),
    Buffer.alloc(10),
    Buffer.from('ijklmnopqrst\0mysql_native_password\0'),
  ]);
  return Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]);
}

/** Speaks a protocol as far as the beginning of TLS. */
export async function tlsMisfit(kind: 'mysql' | 'postgres' | 'redis'): Promise<TlsMisfit> {
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-tls-'));
  const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=nobody.example'],
    ...['-keyout', keyFile, '-out', certificateFile],
  ]);
  const [key, cert] = await Promise.all([readFile(keyFile), readFile(certificateFile)]);
  await rm(folder, { recursive: true });
  let handshakes = 0;
  const sockets = new Set<Socket>();
  const secure = (socket: Socket): void => {
    handshakes += 1;
    new TLSSocket(socket, { isServer: true, key, cert }).on('error', () => socket.destroy()).resume();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    if (kind === 'redis') secure(socket);
    else {
      if (kind === 'mysql') socket.write(mysqlGreeting());
      // The client's wish for TLS; then its first word of TLS.
      socket.once('data', () => {
        if (kind === 'postgres') socket.write('S');
        secure(socket);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    handshakes: () => handshakes,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
