/** What a run works with, and how it is undone: the database, Redis, tokens, and who may use which core. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { canPin, coresOf, pin } from './affinity.mjs';
import { checkConformance } from './conformance.mjs';
import { CONTENDERS } from './contenders.mjs';
import { createDatabase, databaseUrl, dropDatabase, openAdmin } from './database.mjs';
import { startJwtIssuer } from './jwt-issuer.mjs';
import { loadOf } from './load.mjs';
import { MODES, statusesOf } from './modes.mjs';
import { fillTables } from './opaque-tokens.mjs';
import { openOwnRedis, REDIS_URL } from './redis.mjs';
import { startServer } from './server.mjs';
import { NO_TOKENS } from './token-files.mjs';

const FOLDER = 'peers-bench-';

/**
 * @param modes names of those that are measured
 * @param undo takes what undoes each step, as soon as it is done
 */
export async function prepare(options, modes, undo) {
  const admin = await openAdmin();
  undo.push(() => admin.end());
  const redis = await openOwnRedis();
  undo.push(async () => {
    await redis.flushdb();
    redis.disconnect();
  });
  const folder = mkdtempSync(join(tmpdir(), FOLDER));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const pathOf = (name) => join(folder, name);
  await createDatabase(admin);
  undo.push(() => dropDatabase(admin));
  const opaque = await fillTables(pathOf, options);
  const algorithms = [...new Set(modes.map((name) => MODES[name].jwt).filter((jwt) => jwt !== undefined))];
  const issuer = await startJwtIssuer(pathOf, algorithms, options);
  undo.push(() => issuer.close());
  const pids = await servicePids(admin, redis);
  return {
    ...{ options, admin, redis, pids, issuer },
    files: { none: NO_TOKENS, ...opaque.files, ...issuer.files },
    refused: { opaque: opaque.refused, ...issuer.refused },
    ...cores(options, pids, undo),
  };
}

function cores({ serverCore, loadCore, servicesCore }, pids, undo) {
  if (!canPin(serverCore, loadCore, servicesCore ?? loadCore)) {
    console.error('No pinning here: taskset or the cores are missing.');
    return {};
  }
  pin(process.pid, loadCore);
  if (servicesCore !== undefined) {
    for (const pid of Object.values(pids)) {
      if (pid === undefined) continue;
      const before = coresOf(pid);
      undo.push(() => pin(pid, before));
      pin(pid, servicesCore);
    }
  }
  return { serverCore, loadCore, servicesCore };
}

/** Of services on this machine only: their numbers are those of their own machine. */
async function servicePids(admin, redis) {
  const [[{ file }]] = await admin.query('SELECT @@pid_file AS file');
  const database = processNamed(/maria|mysql/, () => Number(readFileSync(file, 'utf8')));
  const told = /^process_id:(\d+)/m.exec(await redis.info('server'))?.[1];
  return { database, redis: processNamed(/redis|valkey/, () => Number(told)) };
}

function processNamed(name, find) {
  try {
    const pid = find();
    return name.test(readFileSync(`/proc/${pid}/comm`, 'utf8')) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** What a contender is told in a mode. */
export function settingsOf(contender, { limit, jwt }, { options, issuer }) {
  return {
    ...{ database: databaseUrl(), redis: REDIS_URL, limit, deadline: options.deadline },
    prefix: `peers-bench:${contender}:${process.hrtime.bigint().toString(36)}:`,
    jwt: jwt === undefined ? undefined : issuer.settingsOf(jwt),
  };
}

/**
 * A server of this contender for this mode, whose answers are as they must be.
 *
 * @param flags of Node
 */
export async function startConforming(contender, modeName, bench, flags = []) {
  const mode = MODES[modeName];
  const about = CONTENDERS[contender];
  const server = await startServer(about, settingsOf(contender, mode, bench), bench.serverCore, flags);
  try {
    const kind = mode.jwt === undefined ? 'opaque' : modeName.replace('-cold', '');
    await checkConformance(server, mode, { first: bench.files[kind].first, refused: bench.refused[kind] }, about);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** The load of a mode for a server. */
export function loadFor(server, contender, modeName, { files, options, loadCore }) {
  const mode = MODES[modeName];
  const { label, port } = server;
  const statuses = statusesOf(mode, contender);
  const { connections } = options;
  return loadOf({ label, port, statuses, connections, core: loadCore }, files[mode.tokens], mode.hot);
}

/** After a run that was killed. */
export async function cleanUp() {
  const admin = await openAdmin();
  const redis = await openOwnRedis();
  const everywhere = `0-${cpus().length - 1}`;
  for (const pid of Object.values(await servicePids(admin, redis))) if (pid !== undefined) pin(pid, everywhere);
  await dropDatabase(admin);
  await redis.flushdb();
  redis.disconnect();
  await admin.end();
  for (const name of readdirSync(tmpdir())) {
    if (name.startsWith(FOLDER)) rmSync(join(tmpdir(), name), { recursive: true });
  }
}
