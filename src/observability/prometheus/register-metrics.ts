import type { Registry } from 'prom-client';
import { refuseOption } from '../../core/options/index.js';
import { METRICS } from '../metrics.js';
import { type ObservedOAuth2, readingsOf } from '../observed-oauth2.js';
import { optionalPackage } from '../optional-package.js';
import { ReadingMetric } from './reading-metric.js';

/**
 * Registers the metrics of this package at prom-client. They are plain numbers that are read when the registry is scraped; a
 * request pays nothing for it. Do not publish the registry to the world: it tells how the application is used.
 *
 * @param oauth2 the result of `createOAuth2`; one for each registry
 * @param registry default: the default registry of prom-client
 * @returns a function that removes the metrics from the registry
 * @throws ConfigurationError if prom-client is not installed, or the registry has metrics of these names already
 *
 * @example
 * ```ts
 * import type { Context } from 'koa';
 * import { register } from 'prom-client';
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 * import { registerMetrics } from 'routing-controllers-oauth2/prometheus';
 *
 * // Middleware for a port or a path that only the scraper reaches.
 * export function metrics(oauth2: OAuth2): (context: Context) => Promise<void> {
 *   registerMetrics(oauth2);
 *   return async (context) => {
 *     context.type = register.contentType;
 *     context.body = await register.metrics();
 *   };
 * }
 * ```
 */
export function registerMetrics(oauth2: ObservedOAuth2, registry?: Registry): () => void {
  const readings = readingsOf('registerMetrics', oauth2);
  const target = registry ?? optionalPackage<typeof import('prom-client')>('prom-client', 'registerMetrics').register;
  const metrics = METRICS.map((metric) => new ReadingMetric(metric, readings));
  for (const { name } of metrics) {
    if (target.getSingleMetric(name) !== undefined) {
      refuseOption(
        'registerMetrics',
        name,
        'the registry has this metric already; give each OAuth2 a registry of its own',
        {
          name: true,
        },
      );
    }
  }
  const names = metrics.map(({ name }) => name);
  // A registry asks a metric for its name and its values, and for nothing else.
  for (const metric of metrics) target.registerMetric(metric as never);
  return () => {
    for (const name of names) target.removeSingleMetric(name);
  };
}
