import { after } from '../../../core/promises.js';
import type { FastPath } from '../../fast-path/fast-path.js';
import type { InnerDispatcher } from '../../oidc/inner-dispatcher.js';
import type { Step } from '../endpoint-request.js';

/** Asks a fast path, and continues with the next step if it declines. */
export function tryFastPath(fastPath: FastPath): Step {
  return (request, next) => {
    const { outer, read, client } = request;
    return after(fastPath.tryAnswer({ outer, parameters: read.parameters, client }), (json) => {
      if (json === undefined) return next(request);
      outer.res.setHeader('content-type', 'application/json; charset=utf-8');
      outer.res.setHeader('cache-control', 'no-store');
      // As a string: for an object, Koa would have to find out its type.
      outer.body = json;
    });
  };
}

/** Lets oidc-provider answer. */
export function askProvider(dispatcher: InnerDispatcher): Step {
  return async (request) => {
    request.dispatched = await dispatcher.run(request.outer, request.endpoint, request.read);
  };
}
