import { logFailure } from '../../failure-log.js';
import type { EndpointContext } from '../../server-context.js';
import type { EndpointRequest, Step } from '../endpoint-request.js';
import type { RefusalReaders } from '../refusal-readers.js';
import { refusalOf } from '../refusal-response.js';

/** Answers the refusals and failures of the steps that follow. */
export function answerRefusals(context: EndpointContext, readers: RefusalReaders): Step {
  return async (request, next) => {
    try {
      await next(request);
    } catch (error) {
      await answerRefusal(context, request, error);
      const { cors, outer } = request;
      if (cors?.origin === undefined) return;
      const read = request.isRead ? request.read : undefined;
      if (await readers.mayRead(outer, cors.origin, read, error)) cors.allow();
    }
  };
}

async function answerRefusal(
  context: EndpointContext,
  { outer, endpoint }: EndpointRequest,
  thrown: unknown,
): Promise<void> {
  const { status, error, description, headers, isFailure } = refusalOf(thrown);
  if (isFailure) logFailure(context, endpoint.name, thrown, outer);
  outer.set({ ...headers, 'Cache-Control': 'no-store' });
  outer.status = status;
  if (endpoint.caller === 'program') {
    outer.body = { error, error_description: description };
    return;
  }
  await context.pages.error(outer, { error, description });
  outer.status = status;
}
