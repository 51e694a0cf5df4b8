/** What ours aims at, beside others of the same run, and whether a run reached it. */

/**
 * Each names the rows that it depends on. `value` is taken of the row, or, with `fastestOf`, of the fastest of the rows. A
 * row's ratios are those of the contender to ours: here they are turned, so that more than 1 is in favour of ours.
 */
export const AIMS = [
  aim('guarded, warm / bare Koa with the same answer', 'guard', 'koa', throughput, atLeast(0.85)),
  aim('cold token, without Redis / by hand', 'cold', 'by-hand', throughput, atLeast(1)),
  aim('cold token, without Redis / by hand, CPU per request', 'cold', 'by-hand', cpu, atMost(1)),
  aim('cold token, with Redis / without', 'cold', 'ours', ({ ratio }) => ratio, atLeast(0.9)),
  aim('401 for no token / its own 200', 'no-token', 'ours-again', own, atLeast(1.2)),
  aim(
    '401 for made-up tokens / its own 200 (429 once the budget is used up)',
    'forged',
    'ours-again',
    own,
    atLeast(1.2),
  ),
  aim(
    '401 for made-up tokens / its own 200 (`failedAuthentication: null`)',
    ...['forged', 'ours-every-failure', own, atLeast(1.2)],
  ),
  aim('403 / its own 200', 'no-scope', 'ours-again', own, atLeast(1.2)),
  aim('429 / its own 200', 'limit', 'ours-again', own, atLeast(1.2)),
  aim('guard and leased throttle / guard alone', 'throttle', 'ours-unthrottled', throughput, atLeast(0.9)),
  fastest('guard and leased throttle / by hand with its Redis limiter', 'by-hand', throughput, atLeast(1.25)),
  fastest('guard and leased throttle / by hand with its Redis limiter, p99', 'by-hand', p99, atMost(1)),
  fastest("guard and leased throttle / Fastify's best on Redis", 'fastify', throughput, atLeast(0.9)),
  fastest("guard and leased throttle / Fastify's best on Redis, p99", 'fastify', p99, atMost(1)),
];

function aim(what, mode, contender, value, target) {
  return { what, mode, contenders: [contender], value, ...target };
}

/** The contenders of a framework that throttle on Redis. */
function fastest(what, framework, value, target) {
  const contenders = {
    'by-hand': ['by-hand', 'by-hand-redis', 'by-hand-lru'],
    fastify: ['fastify', 'fastify-lru', 'fastify-lru-flexible'],
  }[framework];
  return { what, mode: 'throttle', contenders, value, ...target };
}

function throughput({ ratio }) {
  return 1 / ratio;
}

function cpu({ cpuRatio }) {
  return 1 / cpuRatio;
}

function p99({ p99Ratio }) {
  return 1 / p99Ratio;
}

function own({ ownRatio }) {
  return ownRatio;
}

function atLeast(bound) {
  return { target: `>= ${bound.toFixed(2)}`, isReached: (value) => value >= bound };
}

function atMost(bound) {
  return { target: `<= ${bound.toFixed(2)}`, isReached: (value) => value <= bound };
}

/** The rows that aims depend on. */
export function rowsOfAims() {
  return AIMS.flatMap(({ mode, contenders }) => contenders.map((contender) => ({ mode, contender })));
}

/**
 * Decides on each aim. One whose rows were not all measured is not reached, and has no value.
 *
 * @param rows of a report
 */
export function decideAims(rows) {
  return AIMS.map(({ what, mode, contenders, value, target, isReached }) => {
    const needs = contenders.map((contender) => `${mode}/${contender}`);
    const measured = contenders.map((contender) =>
      rows.find((row) => row.mode === mode && row.contender === contender && row.failed === undefined),
    );
    if (measured.includes(undefined)) return { what, target, needs, reached: false };
    const [first, ...others] = measured;
    const row = others.reduce((best, other) => (other.ratio > best.ratio ? other : best), first);
    const taken = value(row);
    return { what, target, needs, value: taken, beside: row.contender, reached: isReached(taken) };
  });
}
