import 'reflect-metadata';
import { once } from 'node:events';
import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import type Koa from 'koa';
import { PlanCompiler } from '../../../src/routing-controllers/compile.js';
import type { ActionPlan } from '../../../src/routing-controllers/plan.js';
import {
  type ControllerServing,
  type KoaServerOptions,
  serveControllers,
} from '../../../src/routing-controllers/serve.js';
import { createThrottle } from '../../../src/throttling/index.js';
import { type GuardParts, guardOf } from './guard.js';

/** What controllers are served with, beside what a guard is made of. */
export interface ServingParts extends GuardParts {
  readonly koa?: Koa;
  readonly options?: Omit<KoaServerOptions, 'controllers'>;
  readonly first?: ControllerServing['first'];
  readonly whenServed?: ControllerServing['whenServed'];
}

/** Serves controllers behind a guard without a database. */
export function served(
  controllers: readonly Function[],
  { koa, options, first = [], whenServed, ...parts }: ServingParts = {},
) {
  const made = guardOf(parts);
  const compiler = new PlanCompiler({
    ...{ readScope: 'read', writeScope: 'write', defaultRequirement: undefined, knownScopes: undefined },
    throttle: createThrottle({ policies: {} }),
  });
  const plans: ActionPlan[] = [];
  const serving = { ...{ koa, compiler, guard: made.guard }, served: plans, first, whenServed };
  const application = serveControllers({ ...options, controllers: [...controllers] }, serving);
  application.silent = true;
  return { ...made, koa: application, plans, ask: asking(application) };
}

interface Question {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly text: string;
}

/** Asks an application without a connection. */
function asking(koa: Koa) {
  const handle = koa.callback();
  return async (url: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> => {
    const request = new IncomingMessage(new Socket());
    const length: Record<string, string> =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(body.length) };
    Object.assign(request, { url, method, headers: { host: 'api.example', ...length, ...headers } });
    if (body !== undefined) request.push(body);
    request.push(null);
    const response = new ServerResponse(request);
    const sent = new PassThrough();
    response.assignSocket(sent as unknown as Socket);
    void handle(request, response);
    await once(response, 'finish');
    const raw = String(sent.read() ?? '');
    return {
      status: response.statusCode,
      headers: response.getHeaders(),
      text: raw.slice(raw.indexOf('\r\n\r\n') + 4),
    };
  };
}
