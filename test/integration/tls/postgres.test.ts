import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createOAuth2 } from '../../../src/public/index.js';
import { openDatabase } from '../../../src/storage/index.js';
import { runCliProcess } from '../../support/cli/run-cli.js';
import { type PostgresProcess, startPostgres } from '../../support/postgres-process.js';
import { type Certificates, makeCertificates } from '../../support/tls/certificates.js';

let certificates: Certificates;
let server: PostgresProcess;
/** Its certificate is of the same authority, for another name. */
let misnamed: PostgresProcess;

beforeAll(async () => {
  certificates = await makeCertificates();
  server = await startPostgres({ tls: certificates });
  misnamed = await startPostgres({ tls: { cert: certificates.otherCert, key: certificates.otherKey } });
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await misnamed?.stop();
  await certificates?.remove();
});

function urlOf({ url }: PostgresProcess, parameters: Record<string, string>, host = 'localhost'): string {
  const result = new URL(url);
  result.hostname = host;
  result.search = new URLSearchParams(parameters).toString();
  return result.href;
}

/** Whether a connection by this URL is encrypted, as the server says. */
async function isEncrypted(url: string): Promise<boolean> {
  const { knex } = openDatabase(url);
  try {
    const { rows } = await knex.raw('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return rows[0].ssl;
  } finally {
    await knex.destroy();
  }
}

describe('ssl-mode of a PostgreSQL URL does what PostgreSQL says of it', () => {
  test('disabled: in plain text, as without parameters', async () => {
    expect(await isEncrypted(urlOf(server, { sslmode: 'disable' }))).toBe(false);
    expect(await isEncrypted(urlOf(server, {}))).toBe(false);
  });

  test('require: encrypted, whoever answers; with an authority, only one that it vouches for', async () => {
    const { ca, stranger } = certificates;
    expect(await isEncrypted(urlOf(misnamed, { sslmode: 'require' }))).toBe(true);
    expect(await isEncrypted(urlOf(misnamed, { sslmode: 'require', sslrootcert: ca }))).toBe(true);
    await expect(isEncrypted(urlOf(server, { sslmode: 'require', sslrootcert: stranger }))).rejects.toThrow(
      /certificate/,
    );
  });

  test('verify-ca: only with a certificate of an authority that is trusted, for whatever name', async () => {
    const { ca, stranger } = certificates;
    expect(await isEncrypted(urlOf(misnamed, { sslmode: 'verify-ca', sslrootcert: ca }))).toBe(true);
    await expect(isEncrypted(urlOf(server, { sslmode: 'verify-ca' }))).rejects.toThrow(/certificate/);
    await expect(isEncrypted(urlOf(server, { sslmode: 'verify-ca', sslrootcert: stranger }))).rejects.toThrow(
      /certificate/,
    );
  });

  test.each(['localhost', '127.0.0.1'])(
    'verify-full, the default with an authority: only for the name of the host, here %s',
    async (host) => {
      const { ca } = certificates;
      expect(await isEncrypted(urlOf(server, { sslmode: 'verify-full', sslrootcert: ca }, host))).toBe(true);
      expect(await isEncrypted(urlOf(server, { sslrootcert: ca }, host))).toBe(true);
      await expect(isEncrypted(urlOf(misnamed, { sslrootcert: ca }, host))).rejects.toThrow(/altnames/);
    },
  );
});

test('everything works over TLS: migrations, tokens and a revocation by the command line', async () => {
  const url = urlOf(server, { sslmode: 'verify-full', sslrootcert: certificates.ca });
  const oauth2 = createOAuth2({ database: url });
  try {
    await oauth2.migrate();
    const { application } = await oauth2.applications.create({ name: 'shop', grantTypes: ['client_credentials'] });
    const { access_token: token } = await oauth2.tokens.issue({ application, scope: 'read' });
    expect(await oauth2.tokens.verify(token)).toMatchObject({ clientId: application.clientId });
    const revoked = await runCliProcess(['tokens', 'revoke', '--json', '--', token], { env: { DATABASE_URL: url } });
    expect(revoked).toMatchObject({ code: 0, stderr: '' });
    // It asks the database, as every process does that has not seen the token.
    expect(await oauth2.tokens.inspect(token)).toEqual({ active: false });
  } finally {
    await oauth2.close();
  }
});
