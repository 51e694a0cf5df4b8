import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { flagOption, knownOptions, objectWith } from '../../core/options/index.js';
import { type ObservedOAuth2, readingsOf } from '../observed-oauth2.js';
import { optionalPackage } from '../optional-package.js';
import { observeMetrics } from './instruments.js';
import { INSTRUMENTATION } from './names.js';
import { OpenTelemetryRecorder } from './spans.js';

/** The options of `instrument`. */
export interface InstrumentOptions {
  /** Default: the global one, which does nothing until an SDK is registered. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Default: the global one. `false`: no metrics, for example where Prometheus reads them. */
  readonly meterProvider?: MeterProvider | false | undefined;
  /** Whether spans of requests get the ids of the user and of the application. Default false. */
  readonly identities?: boolean | undefined;
}

/**
 * Records traces and metrics with OpenTelemetry: attributes about the decision of a guard on the active span, which the
 * instrumentation of HTTP makes, and spans of its own around I/O only, so that a request whose token is cached makes none.
 *
 * @param oauth2 the result of `createOAuth2`
 * @param options where spans and metrics go
 * @returns a function that ends it
 * @throws ConfigurationError if an option is not known or not valid, or `@opentelemetry/api` is not installed
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 * import { instrument } from 'routing-controllers-oauth2/opentelemetry';
 *
 * // With the SDK that the application has registered; metrics go to Prometheus.
 * export const observed = (oauth2: OAuth2) => instrument(oauth2, { meterProvider: false });
 * ```
 */
export function instrument(oauth2: ObservedOAuth2, options: InstrumentOptions = {}): () => void {
  const read = knownOptions<InstrumentOptions>('instrument', options, [
    'tracerProvider',
    'meterProvider',
    'identities',
  ]);
  const { tracerProvider, meterProvider, identities = false } = read;
  flagOption('instrument.identities', identities);
  if (tracerProvider !== undefined)
    objectWith('instrument.tracerProvider', tracerProvider, ['getTracer'], 'give a TracerProvider of OpenTelemetry');
  if (meterProvider !== undefined && meterProvider !== false)
    objectWith(
      'instrument.meterProvider',
      meterProvider,
      ['getMeter'],
      'give a MeterProvider of OpenTelemetry, or false',
    );
  const api = optionalPackage<typeof import('@opentelemetry/api')>('@opentelemetry/api', 'instrument');
  const readings = readingsOf('instrument', oauth2);
  const { tracing } = readings.observation;
  const tracer = (tracerProvider ?? api.trace).getTracer(INSTRUMENTATION);
  const recorder = new OpenTelemetryRecorder(api, tracer, identities);
  tracing.tracer = recorder;
  const stop =
    meterProvider === false
      ? undefined
      : observeMetrics((meterProvider ?? api.metrics).getMeter(INSTRUMENTATION), readings);
  return () => {
    stop?.();
    if (tracing.tracer === recorder) tracing.tracer = undefined;
  };
}
