/**
 * `routing-controllers-oauth2/opentelemetry`: traces and metrics of this package for OpenTelemetry. Needs the optional package
 * `@opentelemetry/api`.
 */

export type { ObservedOAuth2 } from '../observability/observed-oauth2.js';
export { type InstrumentOptions, instrument } from '../observability/opentelemetry/instrument.js';
