import type { Span, Tracer } from '@opentelemetry/api';
import type { Tracer as Recorder, TracedDecision, TracedOperation } from '../../core/observation/tracing.js';
import { isPromiseLike } from '../../core/promises.js';
import { ATTRIBUTES, SPAN_NAMES } from './names.js';

type Api = typeof import('@opentelemetry/api');

/** Records spans and attributes with OpenTelemetry. */
export class OpenTelemetryRecorder implements Recorder {
  constructor(
    private readonly api: Api,
    private readonly tracer: Tracer,
    private readonly identities: boolean,
  ) {}

  decided({ outcome, action, authType, clientId, userId }: TracedDecision): void {
    const span = this.api.trace.getActiveSpan();
    if (span === undefined || !span.isRecording()) return;
    const isRefused = outcome !== 'granted' && outcome !== 'public';
    span.setAttribute(ATTRIBUTES.outcome, outcome);
    span.setAttribute(ATTRIBUTES.action, action);
    if (isRefused) span.setAttribute(ATTRIBUTES.errorType, outcome);
    if (authType !== undefined) span.setAttribute(ATTRIBUTES.authType, authType);
    if (this.identities) {
      if (clientId !== undefined) span.setAttribute(ATTRIBUTES.clientId, clientId);
      if (userId !== undefined) span.setAttribute(ATTRIBUTES.userId, userId);
    }
  }

  around<Answer>(operation: TracedOperation, work: () => Answer): Answer {
    const { SpanKind } = this.api;
    const options = {
      kind: operation === 'token.look_up' ? SpanKind.INTERNAL : SpanKind.CLIENT,
      attributes: { [ATTRIBUTES.operation]: operation },
    };
    return this.tracer.startActiveSpan(SPAN_NAMES[operation], options, (span) => {
      let answer: Answer;
      try {
        answer = work();
      } catch (error) {
        this.end(span, error);
        throw error;
      }
      if (!isPromiseLike(answer)) {
        span.end();
        return answer;
      }
      answer.then(
        () => span.end(),
        (error: unknown) => this.end(span, error),
      );
      return answer;
    });
  }

  /** The message of an error may name hosts and statements; the log has it, a span gets its class only. */
  private end(span: Span, error: unknown): void {
    span.setAttribute(ATTRIBUTES.errorType, error instanceof Error ? error.name : typeof error);
    span.setStatus({ code: this.api.SpanStatusCode.ERROR });
    span.end();
  }
}
