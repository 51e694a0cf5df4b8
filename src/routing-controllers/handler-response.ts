import type { OutgoingHttpHeader } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { Context } from 'koa';
import type { Action } from 'routing-controllers';
import { addVary } from '../resource-server/authentication/vary.js';
import type { Refusal } from './refusal.js';

type KoaResponse = Context['response'];

/**
 * Keeps a refusal intact when it passes through the default error handler of routing-controllers. That handler sets the
 * header fields of the action (`@Header`, `@ContentType`, `@Location`) before the body and the status, so that a shared
 * cache might store the refusal, and answers in plain text for a controller of text. When it sets the status, the
 * refusal is written over all of that. Other code that writes to the response, such as the host's error handling, does
 * not do it through the action.
 *
 * Written for the order of steps in routing-controllers 0.11.3; tested over HTTP, in both entries, by
 * test/integration/routing-controllers/refusal-fields.test.ts.
 *
 * @param isCertain whether no action can run any more, so that only the handler can write
 */
export function answerThroughHandler(action: Action, context: Context, refusal: Refusal, isCertain: boolean): void {
  const response: KoaResponse = context.response;
  // The handler replaces it by the value of the action.
  const vary = context.res.getHeader('Vary');
  let reads = 0;
  let overwriting: KoaResponse | undefined;
  Object.defineProperty(action, 'response', {
    configurable: true,
    enumerable: true,
    get() {
      reads += 1;
      // The first access may come from an action that caught the refusal and returned the response itself.
      if (reads === 1) return response;
      overwriting ??= overwritingResponse(context, refusal, isCertain, vary);
      return overwriting;
    },
  });
}

function overwritingResponse(
  context: Context,
  refusal: Refusal,
  isCertain: boolean,
  vary: OutgoingHttpHeader | undefined,
): KoaResponse {
  const { response } = context;
  return new Proxy(response, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set(target, name, value) {
      if (name === 'status' && value === refusal.status && (isCertain || isOf(refusal, target.body))) {
        refusal.answer(context, refusal.isOfHost ? target.body : undefined);
        if (vary !== undefined) addVary(context.res, String(vary));
        return true;
      }
      return Reflect.set(target, name, value, target);
    },
  });
}

/** Whether a body is what the handler made of the error, rather than the result of an action that caught it. */
function isOf({ error }: Refusal, body: unknown): boolean {
  if (typeof body === 'string') return body === error.stack || body === error.message;
  const { toJSON } = error as { toJSON?: () => unknown };
  if (typeof toJSON === 'function') return isDeepStrictEqual(body, toJSON.call(error));
  // Without a name of its own, an error is shown by that of its class.
  const name = error.name === 'Error' ? error.constructor.name : error.name;
  return (body as { name?: unknown } | null | undefined)?.name === name;
}
