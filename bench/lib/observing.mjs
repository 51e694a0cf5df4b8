/** Everything that can be switched on to see what guards decide. Nothing of it is sent anywhere. */
import { subscribe } from 'node:diagnostics_channel';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Registry } from 'prom-client';
import { createOAuth2, structuredLogger } from 'routing-controllers-oauth2';
import { instrument } from 'routing-controllers-oauth2/opentelemetry';
import { registerMetrics } from 'routing-controllers-oauth2/prometheus';

/** How often metrics are collected; scrapers ask every 15 or 30 seconds. */
const COLLECTION_MILLISECONDS = 1000;

class Reader extends MetricReader {
  onShutdown() {}
  onForceFlush() {}
}

/** The SDK of OpenTelemetry with a tracer whose spans are recorded, batched and dropped. */
export function startSdk() {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  // The first context switches the hooks of Node.js on, for the whole process; that is a cost of the SDK.
  context.with(context.active(), () => {});
  const exporter = { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} };
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }));
}

/** What instrumentation of HTTP does around a request: a span that is active in it. */
export function inSpan(koa) {
  const tracer = trace.getTracer('bench');
  return (request, response) =>
    tracer.startActiveSpan(request.method, (span) => {
      response.once('finish', () => span.end());
      return koa(request, response);
    });
}

/** Counts what it is told, as the least that a subscriber can do. */
export function observedOAuth2(options) {
  const told = { granted: 0, verified: 0, lines: 0 };
  const log = () => {
    told.lines += 1;
  };
  const oauth2 = createOAuth2({
    ...options,
    logger: structuredLogger({ info: log, warn: log, error: log }),
    requestId: 'X-Request-Id',
  });
  oauth2.events.on('access.granted', () => {
    told.granted += 1;
  });
  subscribe('routing-controllers-oauth2:token.verified', () => {
    told.verified += 1;
  });
  const registry = new Registry();
  registerMetrics(oauth2, registry);
  const reader = new Reader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const stop = instrument(oauth2, { meterProvider });
  const timer = setInterval(() => Promise.all([registry.metrics(), reader.collect()]), COLLECTION_MILLISECONDS);
  return {
    oauth2,
    async close() {
      clearInterval(timer);
      stop();
      await oauth2.close();
    },
  };
}
