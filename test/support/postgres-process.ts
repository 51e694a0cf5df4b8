import { chmod, chown, copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { findPostgresProgram, isRoot, run } from './finder/programs.js';
import { waitUntilReady } from './finder/throw-away.js';
import { freePort } from './ports.js';
import { type ServerProcess, startServerProcess } from './server-process.js';
import type { Certificates } from './tls/certificates.js';

/** A throw-away PostgreSQL of this machine. */
export interface PostgresProcess extends ServerProcess {
  /** As `postgres`, in the database of that name. */
  readonly url: string;
  readonly port: number;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/** Paths of the PEM files by which a server proves who it is. */
export type ServerCertificate = Pick<Certificates, 'cert' | 'key'>;

/** The programs that a throw-away PostgreSQL needs, if they are on this machine. */
export function postgresPrograms(): { readonly server: string; readonly initialize: string } | undefined {
  const server = findPostgresProgram('postgres');
  const initialize = findPostgresProgram('initdb');
  return server === undefined || initialize === undefined ? undefined : { server, initialize };
}

/** PostgreSQL refuses to run as root; the package brings a user for it. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (!isRoot()) return undefined;
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const account = ['postgres', 'nobody'].map((name) => accounts.find(([found]) => found === name)).find(Boolean);
  if (account === undefined) throw new Error('PostgreSQL does not run as root, and there is no other user here');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

/** Settings by which it takes connections over TLS; it reads only keys that nobody else may read. */
async function tlsSettings({ cert, key }: ServerCertificate, folder: string, owner?: { uid: number; gid: number }) {
  const own = join(folder, 'server.key');
  await copyFile(key, own);
  await chmod(own, 0o600);
  if (owner !== undefined) await chown(own, owner.uid, owner.gid);
  return ['ssl=on', `ssl_cert_file=${cert}`, `ssl_key_file=${own}`].flatMap((setting) => ['-c', setting]);
}

export interface PostgresOptions {
  /** With which it takes connections over TLS, beside those in plain text. */
  readonly tls?: ServerCertificate;
  /** Settings, e.g. `['shared_buffers=1GB']`. */
  readonly settings?: readonly string[];
  /** It begins as a copy of this one, and repeats what happens there. */
  readonly replicaOf?: PostgresProcess;
}

/** Starts a throw-away PostgreSQL on a free port. */
export async function startPostgres({ tls, settings = [], replicaOf }: PostgresOptions = {}): Promise<PostgresProcess> {
  const found = postgresPrograms();
  if (found === undefined) throw new Error('postgres and initdb are not on this machine');
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-postgres-'));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  const logFile = join(folder, 'postgres.log');
  const data = join(folder, 'data');
  try {
    const owner = await unprivileged();
    if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
    const place = ['-D', data, '-U', 'postgres', '--no-sync'];
    if (replicaOf === undefined) {
      await run(found.initialize, [...place, '-A', 'trust', '-E', 'UTF8', '--locale=C'], owner);
    } else {
      const from = ['-h', '127.0.0.1', '-p', `${replicaOf.port}`, '-R', '-X', 'stream', '--checkpoint=fast'];
      await run(join(dirname(found.server), 'pg_basebackup'), [...place, ...from], owner);
    }
    const encryption = tls === undefined ? [] : await tlsSettings(tls, folder, owner);
    const port = await freePort();
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    const started = await startServerProcess({
      program: found.server,
      // The settings switch off what would make data survive a power cut: nothing here has to.
      parameters: [
        '-D',
        data,
        '-p',
        `${port}`,
        '-h',
        '127.0.0.1',
        '-k',
        folder,
        '-F',
        '-c',
        'full_page_writes=off',
        ...settings.flatMap((setting) => ['-c', setting]),
        ...encryption,
      ],
      folder,
      options: { logFile, ...(owner === undefined ? {} : { owner }) },
      // Its "fast shutdown": it does not wait for clients to leave.
      stopSignal: 'SIGINT',
      untilReady: (server) => waitUntilReady('PostgreSQL', server, logFile, () => answers(url)),
    });
    const stop = async () => {
      await started.stop();
      await remove();
    };
    return { ...started, url, port, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function answers(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => {});
  }
}
