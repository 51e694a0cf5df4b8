import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import Koa, { type Context } from 'koa';

/*
 * Replaces: `handleRequest` of Koa, written for 3.3.0, for responses that are sent without its `respond`. For each request it
 * adds four listeners by on-finished and removes them again, which takes a twentieth of the time of a request, to tell the
 * application of an error of the connection. Here one listener of each connection does that. Must equal: what is sent, and of
 * which errors the application is told; listeners to them run in the asynchronous context of the connection. Compared by:
 * test/integration/routing-controllers/fast/lean-application.test.ts.
 */

type Run = (context: Context) => Promise<unknown>;

/** Koa's own; not a part of its types. */
interface HandlingApplication {
  handleRequest(context: Context, run: Run): Promise<unknown>;
}

const upstream = Koa.prototype as unknown as HandlingApplication;
const { handleRequest } = upstream;

const CONTEXT = Symbol('the context of a response');
const IS_WATCHED = Symbol('whether errors of a connection are told');

type LeanResponse = ServerResponse & { [CONTEXT]?: Context | undefined };
/** Node keeps the response that a connection is sending in a property without documentation. */
type WatchedSocket = Socket & { [IS_WATCHED]?: true; readonly _httpMessage?: LeanResponse | null };

/** A Koa application that handles requests with less work if their answers are sent directly. */
export class LeanApplication extends Koa {
  /** Whether an application handles requests as Koa does, or as this class. */
  static handlesPlainly(koa: Koa): boolean {
    const own = (koa as unknown as HandlingApplication).handleRequest;
    const isKnown = own === handleRequest || own === LeanApplication.prototype.handleRequest;
    return isKnown && upstream.handleRequest === handleRequest;
  }

  handleRequest(context: Context, run: Run): Promise<unknown> {
    const res = context.res as LeanResponse;
    const socket = res.socket as WatchedSocket | null | undefined;
    const isOther =
      // Not what its connection is sending: it waits for an earlier one, or it is a double of a test.
      !socket ||
      socket._httpMessage !== res ||
      // Another application, which contains this one, is told of errors.
      res[CONTEXT] !== undefined ||
      // A tool has put its own in the place of Koa's.
      upstream.handleRequest !== handleRequest;
    if (isOther) return upstream.handleRequest.call(this, context, run);
    watch(socket);
    res[CONTEXT] = context;
    res.statusCode = 404;
    return run(context).then(
      () => (context.respond === false ? undefined : this.leaveToKoa(context, () => DONE)),
      (error: unknown) => this.leaveToKoa(context, () => Promise.reject(error)),
    );
  }

  private leaveToKoa(context: Context, run: Run): Promise<unknown> {
    const res = context.res as LeanResponse;
    const { statusCode } = res;
    // From here on, Koa tells of errors; unless the response is over, where it would not listen any more.
    if (!res.writableEnded && res.socket?.writable === true) res[CONTEXT] = undefined;
    return handleRequest.call(this, context, () => {
      res.statusCode = statusCode;
      return run(context);
    });
  }
}

const DONE = Promise.resolve();

function watch(socket: WatchedSocket): void {
  if (socket[IS_WATCHED] === true) return;
  socket[IS_WATCHED] = true;
  socket.on('error', function tell(this: WatchedSocket, error: Error) {
    this._httpMessage?.[CONTEXT]?.onerror(error);
  });
}
