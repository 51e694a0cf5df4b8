/** What a process holds for tokens that it has cached. */
import { loadFor, settingsOf } from './bench.mjs';
import { CONTENDERS } from './contenders.mjs';
import { wrk } from './load.mjs';
import { MODES } from './modes.mjs';
import { emptyRedis } from './redis.mjs';
import { startServer } from './server.mjs';

const PER = 100_000;
/** Long enough that none ends before it is counted; by hand one is held for a second. */
const HELD_MILLISECONDS = 3_600_000;
const SLICE_SECONDS = 4;
const CACHING = [
  ...[
    ['cold', 'ours'],
    ['cold', 'ours-no-redis'],
    ['cold', 'by-hand-lru'],
    ['cold', 'fastify-lru'],
    ['cold', 'express-lru'],
    ['cold', 'nest-fastify-lru'],
    ['cold', 'koa-oauth2-server-lru'],
  ],
  ...[
    ['jwt-es256-cold', 'ours-jwt'],
    ['jwt-es256-cold', 'koa-jose-lru'],
    ['jwt-es256-cold', 'fastify-jwt-static'],
  ],
];

/**
 * Each presents as many tokens as there are, at most 100,000, to a cache with room for them. What the process holds is taken
 * after garbage collection, before and after.
 *
 * @returns by contender the bytes per 100,000 tokens
 */
export async function measureMemory(bench, isStopping) {
  const results = [];
  for (const [mode, contender] of CACHING) {
    if (isStopping()) return undefined;
    if (bench.files[MODES[mode].tokens] === undefined) continue;
    await emptyRedis(bench.redis);
    results.push({ contender, label: CONTENDERS[contender].label, ...(await held(mode, contender, bench)) });
  }
  return results;
}

async function held(mode, contender, bench) {
  const settings = {
    ...settingsOf(contender, MODES[mode], bench),
    ...{ cacheEntries: 2 * PER, cacheMilliseconds: HELD_MILLISECONDS },
  };
  const server = await startServer(CONTENDERS[contender], settings, bench.serverCore, ['--expose-gc']);
  try {
    // What is made once, for the first requests.
    const hot = loadFor(server, contender, mode.replace('-cold', '').replace('cold', 'guard'), bench);
    await wrk(hot.next(1));
    const before = await server.memory();
    const load = loadFor(server, contender, mode, bench);
    let tokens = 0;
    while (tokens < PER && load.left() > 0) {
      const next = load.next(SLICE_SECONDS);
      // In the last slice some may come twice, which holds no more.
      next.tokens.count = Math.min(next.tokens.count, PER - tokens);
      const { requests } = await wrk(next);
      const presented = Math.min(requests, next.tokens.count);
      load.spend(presented, next);
      tokens += presented;
    }
    return { tokens, bytes: Math.round(((await server.memory()) - before) * (PER / tokens)) };
  } finally {
    await server.stop();
  }
}
