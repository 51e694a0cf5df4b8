/** What the slices of a row say. */

export function quantile(values, share) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export function median(values) {
  return quantile(values, 0.5);
}

/**
 * @param rounds each `{ ours, theirs }`, two slices side by side; `own` is one of the same contender that answers the same
 *   action with 200
 */
export function summaryOf(rounds) {
  const ratios = rounds.map(({ ours, theirs }) => theirs.perSecond / ours.perSecond);
  const ours = figuresOf(rounds.map((round) => round.ours));
  const theirs = figuresOf(rounds.map((round) => round.theirs));
  return {
    ratio: median(ratios),
    lowQuartile: quantile(ratios, 0.25),
    highQuartile: quantile(ratios, 0.75),
    cpuRatio: theirs.cpuMicrosecondsPerRequest / ours.cpuMicrosecondsPerRequest,
    p99Ratio: median(rounds.map((round) => round.theirs.p99 / round.ours.p99)),
    ...(rounds.every(({ own }) => own !== undefined) && {
      ownRatio: median(rounds.map(({ theirs: refusing, own }) => refusing.perSecond / own.perSecond)),
      own: figuresOf(rounds.map((round) => round.own)),
    }),
    theirs,
    ours,
    ratios,
  };
}

/** CPU time is told in hundredths of a second: it is added up over all slices before it is divided. */
export function figuresOf(slices) {
  const of = (name) => median(slices.map((one) => one[name]));
  const sum = (name) => slices.reduce((total, one) => total + one[name], 0);
  const cpu = (name) => (sum(name) / sum('requests')) * 1e6;
  return {
    perSecond: of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    cpuMicrosecondsPerRequest: cpu('serverCpuSeconds'),
    redisCpuMicrosecondsPerRequest: cpu('redisCpuSeconds'),
    databaseCpuMicrosecondsPerRequest: cpu('databaseCpuSeconds'),
    redisCommandsPerRequest: of('redisCommandsPerRequest'),
    redisScriptsPerRequest: of('redisScriptsPerRequest'),
    sqlPerRequest: of('sqlPerRequest'),
    residentMiB: of('residentMiB'),
    serverBusy: of('serverBusy'),
    othersOnServerCore: median(slices.map((one) => one.serverCoreBusy - one.serverBusy)),
    loadCoreBusy: of('loadCoreBusy'),
  };
}

/** The figures of the baseline over the rows of a table, each of which has its own. */
export function figuresOfBaseline(rows) {
  const names = Object.keys(rows[0].ours);
  return Object.fromEntries(names.map((name) => [name, median(rows.map(({ ours }) => ours[name]))]));
}
