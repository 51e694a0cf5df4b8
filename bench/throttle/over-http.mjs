import { fork, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { getRequest, openLoad, warmUp } from '../lib/load.mjs';
import { median, within } from './processes.mjs';

const PROCESSES = 2;
const CONNECTIONS = 32;
const SLICES_PER_ROUND = 60;
/** Short, because a shared machine changes its speed several times a second. */
const SLICE_MILLISECONDS = 120;
/** Two servers share a core, so each has half of it to warm up. */
const WARM_UP_MILLISECONDS = 12_000;
/** A server has been idle for one slice when the next one starts. */
const RAMP_MILLISECONDS = 40;
/** For a server to start or to end. */
const PATIENCE_MILLISECONDS = 20_000;

/**
 * Guarded and throttled with leases, against the same action without a guard: two server processes each, which share
 * one budget. Both sides are warm, and take turns in short slices. The two servers of a side have one core, where the
 * system can bind them to it, and the load comes from another, so that what they need is what decides.
 */
export async function overHttp({ rounds, redis, keyPrefix }) {
  const folder = await mkdtemp(join(tmpdir(), 'rco-bench-'));
  const database = `sqlite:${join(folder, 'bench.sqlite')}`;
  try {
    pin(process.pid, 1);
    const token = await issue(database);
    const ratios = [];
    const perSecond = { guarded: [], unguarded: [] };
    for (let round = 0; round < rounds; round += 1) {
      const sides = {
        guarded: await startServers({ mode: 'guarded', database, redis, keyPrefix }, token),
        unguarded: await startServers({ mode: 'unguarded' }, token),
      };
      for (let slice = 0; slice < SLICES_PER_ROUND; slice += 1) {
        const taken = {};
        for (const mode of slice % 2 === 0 ? ['guarded', 'unguarded'] : ['unguarded', 'guarded']) {
          taken[mode] = await drive(sides[mode]);
          perSecond[mode].push(taken[mode]);
        }
        ratios.push(taken.guarded / taken.unguarded);
      }
      for (const side of Object.values(sides)) await stopServers(side);
    }
    const ratio = median(ratios);
    const what = 'guarded + leased, two processes on one budget, throughput / unguarded';
    return {
      rows: [{ what, value: ratio, target: '>= 0.88', reached: ratio >= 0.88 }],
      details: {
        ratios,
        perSecond: { guarded: median(perSecond.guarded), unguarded: median(perSecond.unguarded) },
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function issue(database) {
  const oauth2 = createOAuth2({ database });
  await oauth2.migrate();
  const { application } = await oauth2.applications.create({ name: 'bench', grantTypes: ['client_credentials'] });
  const { access_token } = await oauth2.tokens.issue({ application, scope: 'api', lifetimeSeconds: 86_400 });
  await oauth2.close();
  return access_token;
}

/** The servers of one side, warm. */
async function startServers(settings, token) {
  const request = getRequest('/hello', token);
  const requestOf = () => request;
  const servers = await Promise.all(Array.from({ length: PROCESSES }, () => startServer(settings, requestOf)));
  await Promise.all(servers.map(({ port, load }) => warmUp(load, { port, requestOf }, WARM_UP_MILLISECONDS)));
  return servers;
}

async function startServer(settings, requestOf) {
  const child = fork(new URL('./server.mjs', import.meta.url), [JSON.stringify(settings)], {
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const listening = new Promise((resolve, reject) => {
    child.once('message', resolve);
    ended.then((code) => reject(new Error(`A ${settings.mode} server ended with ${code}.`)));
  });
  const { port } = await within(PATIENCE_MILLISECONDS, `a ${settings.mode} server listens`, listening);
  pin(child.pid, 0);
  const load = await openLoad({ port, connections: CONNECTIONS, requestOf });
  return { child, port, load, mode: settings.mode, ended };
}

function pin(pid, core) {
  spawnSync('taskset', ['-acp', String(core), String(pid)]);
}

async function drive(servers) {
  const results = await Promise.all(servers.map(({ load }) => load.slice(SLICE_MILLISECONDS, RAMP_MILLISECONDS)));
  const failures = results.reduce((sum, result) => sum + result.failures, 0);
  if (failures > 0) throw new Error(`${failures} requests failed.`);
  return results.reduce((sum, result) => sum + result.perSecond, 0);
}

async function stopServers(servers) {
  await Promise.all(
    servers.map(async ({ child, load, mode, ended }) => {
      load.close();
      child.send('close');
      await within(PATIENCE_MILLISECONDS, `a ${mode} server ends`, ended);
    }),
  );
}
