import type { TracedOperation } from '../../core/observation/tracing.js';

/** The name of the tracer and of the meter. */
export const INSTRUMENTATION = 'routing-controllers-oauth2';

/** The names of spans, which are made around I/O only. */
export const SPAN_NAMES: Readonly<Record<TracedOperation, string>> = {
  'token.look_up': 'oauth2 token look-up',
  'redis.read': 'oauth2 redis read',
  'database.read': 'oauth2 database read',
  'introspection.request': 'oauth2 introspection',
  'keys.fetch': 'oauth2 keys fetch',
  'throttle.decide': 'oauth2 throttle',
};

/** The names of attributes on the span of a request, and on ours. */
export const ATTRIBUTES = {
  /** `granted`, `public`, or the reason of a refusal. */
  outcome: 'oauth2.outcome',
  /** As in OpenTelemetry: the reason, if the request was refused; on our spans, the name of the error. */
  errorType: 'error.type',
  /** `oauth2`, `session` …; not for anonymous callers. */
  authType: 'oauth2.auth_type',
  /** The controller and method of the action, e.g. `BooksController.list`. */
  action: 'oauth2.action',
  /** Only with the option `identities`. */
  clientId: 'oauth2.client_id',
  /** Only with the option `identities`. */
  userId: 'enduser.id',
  /** On our spans: what they are around, e.g. `database.read`. */
  operation: 'oauth2.operation',
} as const;
