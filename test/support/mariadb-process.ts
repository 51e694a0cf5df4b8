import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { findProgram, isRoot, run } from './finder/programs.js';
import { waitUntilReady } from './finder/throw-away.js';
import { freePort } from './ports.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

/** A throw-away MariaDB of this machine. */
export interface MariadbProcess extends ServerProcess {
  /** As `root`, without a database. */
  readonly url: string;
  readonly port: number;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/** The programs that a throw-away MariaDB needs, if they are on this machine. */
export function mariadbPrograms(): { readonly server: string; readonly install: string } | undefined {
  const server = findProgram('mariadbd', 'mysqld');
  const install = findProgram('mariadb-install-db');
  return server === undefined || install === undefined ? undefined : { server, install };
}

/**
 * Starts a throw-away MariaDB on a free port.
 *
 * @param parameters as on its command line, e.g. `['--sql-mode=ANSI_QUOTES']`
 * @param setUp statements, one a string, that it runs when it starts
 */
export async function startMariadb(
  parameters: readonly string[] = [],
  setUp: readonly string[] = [],
): Promise<MariadbProcess> {
  const programs = mariadbPrograms();
  if (programs === undefined) throw new Error('mariadbd and mariadb-install-db are not on this machine');
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-mariadb-'));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  const logFile = join(folder, 'mariadb.log');
  const data = join(folder, 'data');
  const asRoot = isRoot() ? ['--user=root'] : [];
  try {
    await run(programs.install, ['--no-defaults', `--datadir=${data}`, '--skip-test-db', ...asRoot]);
    const setUpFile = join(folder, 'set-up.sql');
    const statements = [
      "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1'",
      "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION",
      ...setUp,
    ];
    // The server reads one statement a line.
    await writeFile(setUpFile, `${statements.join(';\n')};\n`);
    const port = await freePort();
    const url = `mysql://root@127.0.0.1:${port}`;
    const started = await startServerProcess({
      program: programs.server,
      parameters: [
        '--no-defaults',
        `--datadir=${data}`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        `--socket=${join(folder, 'mariadb.sock')}`,
        `--pid-file=${join(folder, 'mariadb.pid')}`,
        `--init-file=${setUpFile}`,
        // Connections from 127.0.0.1 are then those of root@127.0.0.1, however this machine's names resolve.
        '--skip-name-resolve',
        // Nothing here has to survive a crash, unless parameters say so.
        '--innodb-flush-log-at-trx-commit=0',
        '--innodb-doublewrite=0',
        '--innodb-stats-persistent=0',
        '--innodb-log-file-size=16M',
        ...asRoot,
        ...parameters,
      ],
      folder,
      options: { logFile },
      stopSignal: 'SIGTERM',
      untilReady: (server) =>
        waitUntilReady('MariaDB', server, logFile, async () => {
          const connection = await createConnection({ uri: url, connectTimeout: 5_000 });
          await connection.end();
        }),
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
