/** How long a process takes from its start to its first good answer. */
import { settingsOf } from './bench.mjs';
import { answer } from './conformance.mjs';
import { CONTENDERS, labelOf } from './contenders.mjs';
import { MODES } from './modes.mjs';
import { emptyRedis } from './redis.mjs';
import { startServer } from './server.mjs';
import { median } from './summary.mjs';

/** Guarded and throttled, on the database and Redis; the floor has neither. */
const MODE = 'throttle';
const STARTED = [
  ...['ours', 'express-lru', 'nest-express', 'nest-fastify-lru', 'fastify-lru', 'koa-oauth2-server-lru', 'by-hand-lru'],
  'koa',
];

/** Each in turns, one at a time. @returns by contender the median in milliseconds */
export async function measureStartUp(bench, isStopping) {
  const taken = Object.fromEntries(STARTED.map((contender) => [contender, []]));
  for (let round = 0; round < bench.options.starts; round += 1) {
    await emptyRedis(bench.redis);
    for (const contender of STARTED) {
      if (isStopping()) return undefined;
      taken[contender].push(await startOnce(contender, bench));
    }
  }
  return STARTED.map((contender) => ({
    contender,
    label: labelOf(contender, { throttled: true }),
    milliseconds: median(taken[contender]),
  }));
}

async function startOnce(contender, bench) {
  const settings = settingsOf(contender, MODES[MODE], bench);
  const begin = performance.now();
  const server = await startServer(CONTENDERS[contender], settings, bench.serverCore);
  try {
    const { status } = await answer(server.port, bench.files.opaque.first[0]);
    const milliseconds = performance.now() - begin;
    if (status !== 200) throw new Error(`"${server.label}" answers ${status} first.`);
    return milliseconds;
  } finally {
    await server.stop();
  }
}
