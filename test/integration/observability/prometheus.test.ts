import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { METRICS, prometheusName } from '../../../src/observability/metrics.js';
import type { OAuth2, OAuth2Options } from '../../../src/public/index.js';
import { registerMetrics } from '../../../src/public/prometheus.js';
import { bearerHeader, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';
import { freshDatabase, freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { until } from '../../support/throttling/engines.js';
import { Shelf, throttling } from './shelf.js';

const closers: (() => Promise<unknown>)[] = [];

async function start(options: Partial<OAuth2Options> = {}) {
  const made = await testOAuth2({ throttling, opaqueTokens: { unchecked: 'accept' }, ...options });
  await made.oauth2.ready();
  const served = await serve(made.oauth2.createKoaServer({ controllers: [Shelf] }));
  closers.push(
    () => served.close(),
    () => made.oauth2.close(),
  );
  const registry = new Registry();
  const unregister = registerMetrics(made.oauth2, registry);
  return { ...made, served, registry, unregister };
}

/** The value of a line of the text, e.g. `oauth2_access_decisions_total{outcome="granted"}`. */
function valueIn(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('the metrics of prom-client', () => {
  test('count requests by outcome, answers by level, look-ups by duration, and decisions by policy', async () => {
    const { served, issue, registry } = await start();
    const headers = bearerHeader(await issue('read', 'alice'));
    for (let count = 0; count < 3; count += 1) await served.get('/twice', { headers });
    await served.get('/open');
    await served.get('/books/1', { headers: bearerHeader('A'.repeat(43)) });
    await served.get('/books/1');
    const text = await registry.metrics();
    const expected = {
      'oauth2_access_decisions_total{outcome="granted"}': 2,
      'oauth2_access_decisions_total{outcome="public"}': 1,
      'oauth2_access_decisions_total{outcome="throttled"}': 1,
      'oauth2_access_decisions_total{outcome="invalid_token"}': 1,
      'oauth2_access_decisions_total{outcome="no_credentials"}': 1,
      'oauth2_access_decisions_total{outcome="fault"}': 0,
      'oauth2_token_lookups_total{level="process",result="active"}': 2,
      'oauth2_token_lookups_total{level="verifier",result="active"}': 1,
      'oauth2_token_lookups_total{level="verifier",result="invalid"}': 1,
      'oauth2_token_lookup_duration_seconds_count{level="verifier"}': 2,
      'oauth2_token_lookup_duration_seconds_bucket{level="verifier",le="+Inf"}': 2,
      'oauth2_throttle_decisions_total{policy="twice",decision="allowed"}': 2,
      'oauth2_throttle_decisions_total{policy="twice",decision="refused"}': 1,
      'oauth2_throttle_peak{policy="twice"}': 1,
      'oauth2_events_total{event="token.issued"}': 1,
      'oauth2_store_up{store="database"}': 1,
      oauth2_revocation_proven: 1,
      oauth2_cache_entries: 1,
    };
    expect(Object.fromEntries(Object.keys(expected).map((series) => [series, valueIn(text, series)]))).toEqual(
      expected,
    );
    expect(text).not.toContain('alice');
  });

  test('tell how many tokens live, counted in the background, and how many were revoked', async () => {
    const { oauth2, issue, registry } = await start();
    const token = await issue('read', 'alice');
    await issue('read', 'alice');
    await oauth2.tokens.issue({
      application: (await oauth2.applications.search({}, {}))[0] as never,
      scope: 'read',
      lifetimeSeconds: -1,
    });
    await oauth2.tokens.revoke(token);
    await until(
      async () => valueIn(await registry.metrics(), 'oauth2_tokens_live') !== undefined,
      'tokens are counted',
    );
    const text = await registry.metrics();
    expect(valueIn(text, 'oauth2_tokens_live')).toBe(1);
    expect(valueIn(text, 'oauth2_tokens_revoked_total')).toBe(1);
  });

  test('tell how far revocations lag behind and whether the stores answer, with Redis', async () => {
    const keyPrefix = freshKeyPrefix();
    closers.push(() => removeKeys(redisUrl(), keyPrefix));
    const database = await freshDatabase('sqlite');
    closers.push(() => database.drop());
    const { registry } = await start({ redis: redisUrl(), keyPrefix, database: database.url });
    await until(
      async () => valueIn(await registry.metrics(), 'oauth2_revocation_proven') === 1,
      'the channel is proven',
    );
    const text = await registry.metrics();
    expect(valueIn(text, 'oauth2_revocation_lag_seconds')).toBeGreaterThanOrEqual(0);
    expect(valueIn(text, 'oauth2_revocation_lag_seconds')).toBeLessThan(5);
    expect(valueIn(text, 'oauth2_store_up{store="cache"}')).toBe(1);
    expect(valueIn(text, 'oauth2_store_up{store="throttle"}')).toBe(1);
  });

  test('are valid as OpenMetrics too, are removed again, and are not registered twice', async () => {
    const { oauth2, registry, unregister } = await start();
    expect(() => registerMetrics(oauth2, registry)).toThrow(
      /registerMetrics .*oauth2_access_decisions_total.*registry of its own/,
    );
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    const text = await registry.metrics();
    expect(text).toContain('# TYPE oauth2_access_decisions counter\n');
    expect(text).toContain('\noauth2_access_decisions_total{outcome="granted"} 0\n');
    unregister();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });

  test('are refused for anything but the result of createOAuth2', () => {
    expect(() => registerMetrics({} as OAuth2, new Registry())).toThrow(/give the result of createOAuth2/);
  });
});

describe('the dashboard for Grafana', () => {
  test('shows no metric that is not there, and leaves none out', async () => {
    const dashboard = JSON.parse(await readFile('docs/operations/grafana-dashboard.json', 'utf8')) as object;
    const expressions = [...JSON.stringify(dashboard).matchAll(/"expr":"((?:[^"\\]|\\.)*)"/g)].map(([, one]) => one);
    const used = new Set(expressions.flatMap((one) => (one as string).match(/oauth2_[a-z_]+/g) ?? []));
    const series = METRICS.flatMap((metric) =>
      metric.kind === 'histogram' ? [`${prometheusName(metric)}_bucket`] : [prometheusName(metric)],
    );
    expect([...used].sort()).toEqual(series.sort());
  });
});
