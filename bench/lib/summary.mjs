/** The value below which a share of the values lies. */
export function quantile(values, share) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export function median(values) {
  return quantile(values, 0.5);
}

/**
 * What the rounds of a comparison say. A round holds what a slice of `mode` and one of `baseline` gave.
 *
 * @param atLeast the ratio that is aimed at, if any
 */
export function summaryOf(rounds, atLeast) {
  const ratios = rounds.map(({ mode, baseline }) => mode.perSecond / baseline.perSecond);
  const of = (which, figure) => median(rounds.map((round) => round[which][figure]));
  return {
    atLeast,
    ratio: median(ratios),
    lowQuartile: quantile(ratios, 0.25),
    highQuartile: quantile(ratios, 0.75),
    perSecond: of('mode', 'perSecond'),
    baselinePerSecond: of('baseline', 'perSecond'),
    cpuMicrosecondsPerRequest: of('mode', 'cpuMicrosecondsPerRequest'),
    baselineCpuMicrosecondsPerRequest: of('baseline', 'cpuMicrosecondsPerRequest'),
    p50Milliseconds: of('mode', 'p50Milliseconds'),
    p99Milliseconds: of('mode', 'p99Milliseconds'),
    baselineP50Milliseconds: of('baseline', 'p50Milliseconds'),
    reached: atLeast === undefined || median(ratios) >= atLeast,
    ratios,
  };
}
