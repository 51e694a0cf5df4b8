/**
 * `routing-controllers-oauth2/prometheus`: the metrics of this package for prom-client. Needs the optional package
 * `prom-client`.
 */
export type { ObservedOAuth2 } from '../observability/observed-oauth2.js';
export { registerMetrics } from '../observability/prometheus/register-metrics.js';
