import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../finder/programs.js';

/** Paths of PEM files that live as long as a test. */
export interface Certificates {
  /** The authority that issued the certificate of the servers. */
  readonly ca: string;
  /** Another authority, which issued nothing. */
  readonly stranger: string;
  /** For `localhost` and 127.0.0.1. */
  readonly cert: string;
  readonly key: string;
  /** By the same authority, for another name. */
  readonly otherCert: string;
  readonly otherKey: string;
  remove(): Promise<void>;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256'];

/** Makes an authority of the test's own and certificates by it, and a second authority. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-tls-'));
  // Servers that run as another user read them.
  await chmod(folder, 0o755);
  const file = (name: string) => join(folder, name);
  const authority = (name: string) =>
    run('openssl', [
      ...['req', '-x509', ...NEW_KEY, '-days', '2', '-subj', `/CN=Test ${name}`],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)],
    ]);
  const issue = async (name: string, names: string) => {
    const [key, request] = [file(`${name}.key`), file(`${name}.request`)];
    await run('openssl', ['req', ...NEW_KEY, '-subj', `/CN=${name}.example`, '-keyout', key, '-out', request]);
    await writeFile(file(`${name}.extensions`), `subjectAltName=${names}\n`);
    await run('openssl', [
      ...['x509', '-req', '-days', '2', '-in', request, '-extfile', file(`${name}.extensions`)],
      ...['-CA', file('authority.pem'), '-CAkey', file('authority.key'), '-CAcreateserial'],
      ...['-out', file(`${name}.pem`)],
    ]);
  };
  await authority('authority');
  await authority('stranger');
  await issue('server', 'DNS:localhost,IP:127.0.0.1');
  await issue('other', 'DNS:other.example');
  return {
    ca: file('authority.pem'),
    stranger: file('stranger.pem'),
    cert: file('server.pem'),
    key: file('server.key'),
    otherCert: file('other.pem'),
    otherKey: file('other.key'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
