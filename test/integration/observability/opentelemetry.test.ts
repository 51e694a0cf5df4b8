import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import Koa from 'koa';
import { METRICS } from '../../../src/observability/metrics.js';
import { ATTRIBUTES, SPAN_NAMES } from '../../../src/observability/opentelemetry/names.js';
import { jwtTokens, type OAuth2Options } from '../../../src/public/index.js';
import { type InstrumentOptions, instrument } from '../../../src/public/opentelemetry.js';
import { bearerHeader, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';
import { Shelf, throttling } from './shelf.js';

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const contexts = new AsyncLocalStorageContextManager();
const closers: (() => unknown)[] = [];

beforeAll(() => {
  context.setGlobalContextManager(contexts.enable());
});

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  exporter.reset();
});

afterAll(() => context.disable());

/** Serves the actions with a span around each request, as the instrumentation of HTTP makes one. */
async function start(options: Partial<OAuth2Options> = {}, instrumentOptions: InstrumentOptions = {}) {
  const made = await testOAuth2({ throttling, ...options });
  const stop = instrument(made.oauth2, { tracerProvider, meterProvider: false, ...instrumentOptions });
  const koa = new Koa();
  koa.use((_context, next) =>
    tracerProvider.getTracer('http').startActiveSpan('request', async (span) => {
      await next();
      span.end();
    }),
  );
  const served = await serve(made.oauth2.useKoaServer(koa, { controllers: [Shelf] }));
  closers.push(
    () => served.close(),
    () => made.oauth2.close(),
  );
  return { ...made, served, stop };
}

function named(name: string): ReadableSpan[] {
  return exporter.getFinishedSpans().filter((span) => span.name === name);
}

describe('with the SDK of OpenTelemetry', () => {
  test('a look-up is a span around the database, below the request; a cached token makes none', async () => {
    const { served, issue } = await start();
    const headers = bearerHeader(await issue('read', 'alice'));
    await served.get('/books/1', { headers });
    const [lookUp] = named(SPAN_NAMES['token.look_up']);
    const [read] = named(SPAN_NAMES['database.read']);
    const [request] = named('request');
    expect(lookUp?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
    expect(read?.parentSpanContext?.spanId).toBe(lookUp?.spanContext().spanId);
    expect(read?.kind).toBe(SpanKind.CLIENT);
    expect(read?.attributes).toEqual({ [ATTRIBUTES.operation]: 'database.read' });
    exporter.reset();
    await served.get('/books/1', { headers });
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['request']);
  });

  test('the span of a request says what the guard decided and why, and nothing of who asked', async () => {
    const { served, issue } = await start();
    await served.get('/books/1', { headers: bearerHeader(await issue('read', 'alice')) });
    await served.get('/books/1', { headers: bearerHeader(await issue('other', 'alice')) });
    await served.get('/open');
    expect(named('request').map(({ attributes }) => attributes)).toEqual([
      { 'oauth2.outcome': 'granted', 'oauth2.action': 'Shelf.book', 'oauth2.auth_type': 'oauth2' },
      {
        'oauth2.outcome': 'insufficient_scope',
        'oauth2.action': 'Shelf.book',
        'oauth2.auth_type': 'oauth2',
        'error.type': 'insufficient_scope',
      },
      { 'oauth2.outcome': 'public', 'oauth2.action': 'Shelf.open' },
    ]);
  });

  test('who asked is told where the option asks for it, and nothing is recorded after it was ended', async () => {
    const { served, issue, application, stop } = await start({}, { identities: true });
    const headers = bearerHeader(await issue('read', 'alice'));
    await served.get('/books/1', { headers });
    expect(named('request')[0]?.attributes).toMatchObject({
      'enduser.id': 'alice',
      'oauth2.client_id': application.clientId,
    });
    stop();
    exporter.reset();
    await served.get('/books/1', { headers: bearerHeader(await issue('read')) });
    expect(exporter.getFinishedSpans().map(({ attributes }) => attributes)).toEqual([{}]);
  });

  test('a fetch of keys that fails is a span with its error, whose message it does not repeat', async () => {
    const fetch = () => Promise.reject(new Error('secret-host is away'));
    await start({
      resource: 'https://api.example.com',
      verifiers: [jwtTokens({ issuer: 'https://login.example.com', fetch })],
    }).then(({ oauth2 }) => oauth2.ready());
    const [span] = named(SPAN_NAMES['keys.fetch']);
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(span?.attributes).toMatchObject({ 'error.type': 'Error', 'oauth2.operation': 'keys.fetch' });
    expect(JSON.stringify([span?.attributes, span?.events, span?.status])).not.toContain('secret-host');
  });

  test('metrics are read when they are collected', async () => {
    const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
    const meterProvider = new MeterProvider({ readers: [reader] });
    const { served, issue, stop } = await start({}, { meterProvider });
    await served.get('/twice', { headers: bearerHeader(await issue('read', 'alice')) });
    await meterProvider.forceFlush();
    const collected = metricExporter.getMetrics()[0]?.scopeMetrics[0]?.metrics ?? [];
    const numbers = METRICS.filter(({ kind }) => kind !== 'histogram').map(({ name }) => name);
    const names = collected.map(({ descriptor }) => descriptor.name);
    // No Redis, and tokens are not counted yet.
    const absent = ['oauth2.revocation.lag', 'oauth2.tokens.live'];
    expect(names.sort()).toEqual(numbers.filter((name) => !absent.includes(name)).sort());
    const decisions = collected.find(({ descriptor }) => descriptor.name === 'oauth2.access.decisions')?.dataPoints;
    const granted = decisions?.find(({ attributes }) => attributes.outcome === 'granted');
    expect(granted?.value).toBe(1);
    stop();
    await meterProvider.shutdown();
  });

  test('an option that is not known or not valid is refused', async () => {
    const { oauth2 } = await testOAuth2();
    closers.push(() => oauth2.close());
    expect(() => instrument(oauth2, { tracer: 1 } as never)).toThrow(/tracer/);
    expect(() => instrument(oauth2, { tracerProvider: {} as never })).toThrow(/instrument\.tracerProvider/);
    expect(() => instrument(oauth2, { identities: 1 as never })).toThrow(/instrument\.identities/);
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});
