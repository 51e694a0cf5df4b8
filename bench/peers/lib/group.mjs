/** Measures contenders of one mode side by side with its baseline. */
import { loadFor, startConforming } from './bench.mjs';
import { wrk } from './load.mjs';
import { slice } from './measure.mjs';
import { MODES } from './modes.mjs';
import { emptyRedis } from './redis.mjs';

const SINGLE_SECONDS = 1;
/** Where each request takes another token, a longer warm-up would use up those of the table. */
const COLD_SECONDS = 3;

/**
 * Each contender, ours among them, is a server of its own, and with `own` of its mode another one that answers with 200. All are
 * started anew in each generation, then take turns in slices.
 *
 * @param group `mode` and `contenders`
 * @param isStopping whether to end after the current slice
 * @returns by contender the rounds, each `{ ours, theirs, own }`, or the error with which it failed; `undefined` if it was stopped
 */
export async function measureGroup({ mode, contenders }, bench, isStopping) {
  const { generations, pairs } = bench.options;
  const results = new Map(contenders.map((contender) => [contender, []]));
  for (let generation = 0; generation < generations; generation += 1) {
    await emptyRedis(bench.redis);
    const lanes = lanesOf(mode, contenders, results);
    try {
      for (const lane of generation % 2 === 0 ? lanes : lanes.toReversed()) await open(lane, results, bench);
      const rounds = Math.floor(pairs / generations) + (generation < pairs % generations ? 1 : 0);
      for (let round = 0; round < rounds; round += 1) {
        const taken = await takeTurns(turned(lanes, round), results, bench, isStopping);
        if (taken === undefined) return undefined;
        keep(taken, contenders, results);
      }
    } finally {
      for (const { server } of lanes) await server?.stop();
    }
  }
  return results;
}

function lanesOf(modeName, contenders, results) {
  const { baseline, own } = MODES[modeName];
  const alive = contenders.filter((contender) => Array.isArray(results.get(contender)));
  return [
    { side: 'ours', contender: baseline, mode: modeName },
    ...alive.flatMap((contender) => [
      { side: 'theirs', contender, mode: modeName },
      ...(own === undefined ? [] : [{ side: 'own', contender, mode: own }]),
    ]),
  ];
}

/** Every other round goes backwards, and each begins with another lane. */
function turned(lanes, round) {
  const start = Math.floor(round / 2) % lanes.length;
  const order = [...lanes.slice(start), ...lanes.slice(0, start)];
  return round % 2 === 0 ? order : order.reverse();
}

async function open(lane, results, bench) {
  await unlessFailed(lane, results, async () => {
    lane.server = await startConforming(lane.contender, lane.mode, bench);
    lane.load = loadFor(lane.server, lane.contender, lane.mode, bench);
    await warmUp(lane, bench);
  });
}

/** First by one connection, as an application that has just started meets its first callers; then by all. */
export async function warmUp({ load, mode }, { options }) {
  if (options.warm === 0) return;
  const warm = MODES[mode].hot ? options.warm : Math.min(options.warm, COLD_SECONDS);
  for (const [connections, seconds] of [
    [1, SINGLE_SECONDS],
    [options.connections, warm],
  ]) {
    const next = load.next(seconds);
    const { requests } = await wrk({ ...next, connections });
    load.spend(requests, next);
  }
}

async function takeTurns(lanes, results, bench, isStopping) {
  const taken = {};
  for (const lane of lanes) {
    if (isStopping()) return undefined;
    await unlessFailed(lane, results, async () => {
      const next = lane.load.next(bench.options.slice);
      const measured = await slice(lane.server, next, bench);
      lane.load.spend(measured.requests, next);
      taken[lane.side] ??= {};
      taken[lane.side][lane.contender] = measured;
    });
  }
  return taken;
}

/** One that fails does not keep the others from being measured; without ours there is nothing to measure. */
async function unlessFailed({ side, contender }, results, work) {
  if (side !== 'ours' && results.get(contender) instanceof Error) return;
  try {
    await work();
  } catch (error) {
    if (side === 'ours') throw error;
    results.set(contender, error);
  }
}

function keep({ ours, theirs, own }, contenders, results) {
  const [beside] = Object.values(ours);
  for (const contender of contenders) {
    const rounds = results.get(contender);
    if (!Array.isArray(rounds)) continue;
    rounds.push({ ours: beside, theirs: theirs[contender], own: own?.[contender] });
  }
}
