import type { OutgoingHttpHeader } from 'node:http';
import type { Context } from 'koa';
import type { Action } from 'routing-controllers';
import { OAuth2Error } from '../core/errors.js';
import { addVary } from '../resource-server/authentication/vary.js';
import type { Refusal } from './refusal.js';

type KoaResponse = Context['response'];

/**
 * Makes a refusal come through routing-controllers' own default error handler as it is. That handler sets the action's
 * header fields (`@Header`, `@ContentType`, `@Location`) before the body and the status, so that a shared cache might
 * keep a refusal, and gives plain text for a controller of text. When it sets the status, the refusal is written over
 * all of that. Whoever else writes to the response, as the host's error handling, does not do it by the action.
 *
 * Written for the order of steps in routing-controllers 0.11.3; what it writes is seen over HTTP, in both entries, by
 * test/integration/routing-controllers/refusal-fields.test.ts.
 *
 * @param isCertain whether no action runs any more, so that nothing but the handler can write
 */
export function answerThroughHandler(action: Action, context: Context, refusal: Refusal, isCertain: boolean): void {
  const response: KoaResponse = context.response;
  // The handler sets the action's own in its place.
  const vary = context.res.getHeader('Vary');
  let reads = 0;
  let overwriting: KoaResponse | undefined;
  Object.defineProperty(action, 'response', {
    configurable: true,
    enumerable: true,
    get() {
      reads += 1;
      // The first is the response itself: an action that caught the refusal may have returned it, and is asked for that.
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

/** Whether a body is what the handler made of the error, and not the result of an action that has caught it. */
function isOf({ error }: Refusal, body: unknown): boolean {
  if (error instanceof OAuth2Error && body === error.body) return true;
  if (typeof body === 'string') return body === error.stack || body === error.message;
  return !(error instanceof OAuth2Error) && (body as { name?: unknown } | null | undefined)?.name === error.name;
}
