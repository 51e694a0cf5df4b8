import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import { openDatabase } from '../../../src/storage/index.js';
import { run } from '../../support/finder/programs.js';
import { type MariadbProcess, startMariadb } from '../../support/mariadb-process.js';

let folder: string;
let server: MariadbProcess;
let ca: string;

/** An authority of the test's own, and a server's certificate by it for `db.example`. */
async function makeCertificates(): Promise<void> {
  const file = (name: string) => join(folder, name);
  const request = ['req', '-newkey', 'rsa:2048', '-nodes', '-sha256'];
  await run('openssl', [
    ...[...request, '-x509', '-days', '2', '-subj', '/CN=Test authority'],
    ...['-keyout', file('ca.key'), '-out', file('ca.pem')],
  ]);
  await run('openssl', [...request, '-subj', '/CN=db.example', '-keyout', file('key.pem'), '-out', file('request')]);
  await writeFile(file('extensions'), 'subjectAltName=DNS:db.example\n');
  await run('openssl', [
    ...['x509', '-req', '-days', '2', '-in', file('request'), '-extfile', file('extensions')],
    ...['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-out', file('cert.pem')],
  ]);
  ca = encodeURIComponent(file('ca.pem'));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oauth2-test-tls-'));
  await makeCertificates();
  server = await startMariadb(
    [
      `--ssl-ca=${join(folder, 'ca.pem')}`,
      `--ssl-cert=${join(folder, 'cert.pem')}`,
      `--ssl-key=${join(folder, 'key.pem')}`,
    ],
    ['CREATE DATABASE oauth2_test'],
  );
}, 120_000);

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The cipher of a connection by these parameters; empty: in the clear. */
async function cipherOf(parameters: string): Promise<string> {
  const database = openDatabase(`${server.url.replace('127.0.0.1', 'localhost')}/oauth2_test?${parameters}`);
  try {
    const [[row]] = await database.knex.raw("SHOW STATUS LIKE 'Ssl_cipher'");
    return row.Value;
  } finally {
    await database.knex.destroy();
  }
}

describe('ssl-mode of a MySQL URL does what MySQL says of it', () => {
  test('disabled: in plain text', async () => {
    expect(await cipherOf('ssl-mode=disabled')).toBe('');
    expect(await cipherOf('')).toBe('');
  });

  test('required: encrypted, whoever answers', async () => {
    expect(await cipherOf('ssl-mode=required')).not.toBe('');
    expect(await cipherOf('sslmode=require')).not.toBe('');
  });

  test('verify-ca: only with a certificate of an authority that is trusted', async () => {
    expect(await cipherOf(`ssl-mode=verify-ca&ssl-ca=${ca}`)).not.toBe('');
    await expect(cipherOf('ssl-mode=verify-ca')).rejects.toThrow(/certificate/);
  });

  test('verify-identity: only with a certificate for the name of the host, and the default with an authority', async () => {
    await expect(cipherOf(`ssl-mode=verify-identity&ssl-ca=${ca}`)).rejects.toThrow(/altnames|Hostname/);
    await expect(cipherOf(`ssl-ca=${ca}`)).rejects.toThrow(/altnames|Hostname/);
  });

  test('verify-identity of an address is refused: the driver compares with names alone', () => {
    expect(() => openDatabase(`${server.url}/oauth2_test?ssl-mode=verify-identity`)).toThrow(ConfigurationError);
  });
});

test('the pool of a URL lends out as many connections as it says, and no more', async () => {
  const database = openDatabase(`${server.url}/oauth2_test?pool=2&acquire-timeout=1`);
  try {
    const { client } = database.knex;
    const held = [await client.acquireConnection(), await client.acquireConnection()];
    const third = await client.acquireConnection().catch((error: unknown) => error);
    for (const connection of held) await client.releaseConnection(connection);
    expect(String(third)).toMatch(/No connection|Timeout acquiring/);
  } finally {
    await database.knex.destroy();
  }
});
