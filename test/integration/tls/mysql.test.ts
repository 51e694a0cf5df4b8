import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import { openDatabase } from '../../../src/storage/index.js';
import { type MariadbProcess, startMariadb } from '../../support/mariadb-process.js';
import { type Certificates, makeCertificates } from '../../support/tls/certificates.js';

let certificates: Certificates;
let server: MariadbProcess;
let ca: string;

beforeAll(async () => {
  certificates = await makeCertificates();
  ca = encodeURIComponent(certificates.ca);
  server = await startMariadb(
    [
      `--ssl-ca=${certificates.ca}`,
      // For another name than the one that it is asked by.
      `--ssl-cert=${certificates.otherCert}`,
      `--ssl-key=${certificates.otherKey}`,
    ],
    ['CREATE DATABASE oauth2_test'],
  );
}, 120_000);

afterAll(async () => {
  await server?.stop();
  await certificates?.remove();
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
