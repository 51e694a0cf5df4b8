/** One slice, with all that is counted beside it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { wrk } from './load.mjs';
import { commandCounts } from './redis.mjs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']));

/**
 * @param server one of startServer
 * @param load for `wrk`, of that server
 * @param services `admin` and `redis`, connections; `pids` of MariaDB and Redis; the cores of server and load
 */
export async function slice(server, load, { admin, redis, pids, serverCore, loadCore }) {
  const before = { redis: await commandCounts(redis), questions: await questions(admin) };
  const start = clocks(server.pid, pids);
  const result = await wrk(load);
  const end = clocks(server.pid, pids);
  const after = { questions: await questions(admin), redis: await commandCounts(redis) };

  const seconds = (which) => (end[which] - start[which]) / TICKS_PER_SECOND;
  const perRequest = (count) => count / result.requests;
  const wall = (end.at - start.at) / 1000;
  return {
    ...result,
    serverCpuSeconds: seconds('server'),
    redisCpuSeconds: seconds('redis'),
    databaseCpuSeconds: seconds('database'),
    residentMiB: residentMiB(server.pid),
    serverBusy: seconds('server') / wall,
    serverCoreBusy: coreBusy(start, end, serverCore, wall),
    loadCoreBusy: coreBusy(start, end, loadCore, wall),
    redisCommandsPerRequest: perRequest(after.redis.commands - before.redis.commands),
    redisScriptsPerRequest: perRequest(after.redis.scripts - before.redis.scripts),
    // Less the question itself.
    sqlPerRequest: perRequest(after.questions - before.questions - 1),
  };
}

async function questions(admin) {
  const [[{ Value }]] = await admin.query("SHOW GLOBAL STATUS LIKE 'Questions'");
  return Number(Value);
}

function clocks(pid, { database, redis }) {
  return {
    at: performance.now(),
    server: ticks(pid),
    database: ticks(database),
    redis: ticks(redis),
    cores: coreTicks(),
  };
}

/** User and system time of all threads of a process; 0 if it is not on this machine. */
function ticks(pid) {
  if (pid === undefined) return 0;
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the command, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function residentMiB(pid) {
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

/** Busy ticks of each core: all but idle and waiting for input and output. */
function coreTicks() {
  const lines = readFileSync('/proc/stat', 'utf8').matchAll(/^cpu(\d+) (.*)$/gm);
  return Object.fromEntries(
    [...lines].map(([, core, text]) => {
      const [user, nice, system, , , interrupt, softInterrupt, steal] = text.split(' ').map(Number);
      return [core, user + nice + system + interrupt + softInterrupt + steal];
    }),
  );
}

function coreBusy(start, end, core, wall) {
  return core === undefined ? undefined : (end.cores[core] - start.cores[core]) / TICKS_PER_SECOND / wall;
}
