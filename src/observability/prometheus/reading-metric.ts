import { DURATION_BOUNDS_SECONDS, type Durations } from '../../core/observation/durations.js';
import { type Metric, prometheusName } from '../metrics.js';
import type { Readings } from '../readings.js';

type Labels = Readonly<Record<string, string | number>>;

interface PrometheusValue {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

/** What a registry of prom-client asks a metric for. */
interface PrometheusMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly PrometheusValue[];
  /** How values of several processes of one machine are put together. */
  readonly aggregator: 'sum' | 'min' | 'max';
}

/**
 * A metric of prom-client whose values are read when somebody asks, from plain numbers: a counter or a histogram of prom-client
 * would cost each request a hash of its labels.
 */
export class ReadingMetric {
  /** The registry changes it where it writes OpenMetrics, which wants no `_total` here. */
  name: string;
  readonly type: PrometheusMetric['type'];

  constructor(
    private readonly metric: Metric,
    private readonly readings: Readings,
  ) {
    this.name = prometheusName(metric);
    this.type = metric.kind;
  }

  async get(): Promise<PrometheusMetric> {
    const { metric, name, type } = this;
    return { name, help: metric.description, type, values: this.values(), aggregator: aggregatorOf(metric) };
  }

  /** The counts of a process cannot be set back. */
  reset(): void {}

  private values(): readonly PrometheusValue[] {
    const { metric, readings } = this;
    if (metric.kind !== 'histogram') return metric.read(readings);
    return metric.read(readings).flatMap(({ labels, durations }) => histogramValues(this.name, labels, durations));
  }
}

function aggregatorOf({ name, kind }: Metric): PrometheusMetric['aggregator'] {
  if (kind !== 'gauge') return 'sum';
  // Each process sees the same tokens; a store that one process cannot reach is worth knowing.
  if (name === 'oauth2.store.up' || name === 'oauth2.revocation.proven') return 'min';
  return name === 'oauth2.cache.entries' || name === 'oauth2.database.connections' ? 'sum' : 'max';
}

function histogramValues(name: string, labels: Labels, durations: Durations): PrometheusValue[] {
  let below = 0;
  const buckets = durations.buckets.map((count, index): PrometheusValue => {
    below += count;
    const le = DURATION_BOUNDS_SECONDS[index] ?? '+Inf';
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: durations.sumSeconds },
    { metricName: `${name}_count`, labels, value: durations.count },
  ];
}
