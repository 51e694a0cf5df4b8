import type { BatchObservableCallback, Meter, Observable } from '@opentelemetry/api';
import { METRICS, type NumberMetric } from '../metrics.js';
import type { Readings } from '../readings.js';

/**
 * Creates an instrument for each metric that is a number. They are read together when the meter collects. Durations are in the
 * spans: the API has no histogram that is read.
 *
 * @returns a function that ends the reading
 */
export function observeMetrics(meter: Meter, readings: Readings): () => void {
  const metrics = METRICS.filter((metric): metric is NumberMetric => metric.kind !== 'histogram');
  const instruments = new Map<NumberMetric, Observable>(
    metrics.map((metric) => {
      const { name, description, unit = '1', kind } = metric;
      const options = { description, unit };
      return [
        metric,
        kind === 'counter' ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options),
      ];
    }),
  );
  const read: BatchObservableCallback = (result) => {
    for (const [metric, instrument] of instruments) {
      for (const { labels, value } of metric.read(readings)) result.observe(instrument, value, labels);
    }
  };
  const observed = [...instruments.values()];
  meter.addBatchObservableCallback(read, observed);
  return () => meter.removeBatchObservableCallback(read, observed);
}
