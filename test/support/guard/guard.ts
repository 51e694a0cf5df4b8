import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import Koa, { type Context } from 'koa';
import { type Clock, systemClock } from '../../../src/core/clock.js';
import { OAuth2Events } from '../../../src/core/events/events.js';
import { LogLimiter } from '../../../src/core/log-limiter.js';
import { Observation } from '../../../src/core/observation/observation.js';
import { fieldsRead } from '../../../src/resource-server/authentication/authentication-steps.js';
import type { Authenticator } from '../../../src/resource-server/authentication/authenticator.js';
import { ErrorResponder, type ErrorResponseOptions } from '../../../src/resource-server/error-response.js';
import type { GuardedAction, Permission } from '../../../src/resource-server/permissions/permission.js';
import { Requirement } from '../../../src/resource-server/permissions/requirement.js';
import { Admissions } from '../../../src/routing-controllers/admissions.js';
import { Guard, type GuardDependencies } from '../../../src/routing-controllers/guard.js';
import type { ActionPlan } from '../../../src/routing-controllers/plan.js';
import { Refusals, type RefusalsDependencies } from '../../../src/routing-controllers/request-refusals.js';
import type { CompiledThrottle } from '../../../src/throttling/index.js';

/** What of a guard differs between tests. */
export interface GuardParts {
  readonly authenticators?: readonly Authenticator[];
  readonly schema?: GuardDependencies['schema'];
  readonly asked?: RefusalsDependencies['asked'];
  readonly resourceMetadata?: ErrorResponseOptions['resourceMetadata'];
  readonly clock?: Clock;
  readonly errorBody?: ErrorResponseOptions['errorBody'];
}

/** A guard without a database, and what it has logged. */
export function guardOf({
  authenticators = [],
  schema = { isGood: true, admit: () => Promise.resolve() },
  asked = { address: () => 'ip:192.0.2.1', requestId: () => undefined },
  resourceMetadata,
  clock = systemClock,
  errorBody = 'oauth2',
}: GuardParts = {}) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const log = new LogLimiter({ info: write, warn: write, error: write }, clock);
  const observation = new Observation(new OAuth2Events(log));
  const responder = new ErrorResponder({
    ...{ realm: 'api', errorResponseWithScopes: false },
    ...{ authenticators, resourceMetadata, errorBody },
  });
  const parts = { responder, asked, clock, fieldsRead: fieldsRead(authenticators), log, observation };
  const refusals = new Refusals(parts);
  const admissions = new Admissions(observation, asked, log);
  const guard = new Guard({
    ...{ authenticators, refusals, admissions, schema, clock },
    address: asked.address,
  });
  return { guard, refusals, observation, lines };
}

const UNLIMITED: CompiledThrottle = {
  policies: [],
  unlimited: true,
  decide: () => ({ allowed: true, retryAfterSeconds: 0, fields: {}, unavailable: false }),
};

class BooksController {}

/** The plan of an action with these permissions; a public one without them. */
export function planOf(
  permissions: readonly Permission[] | undefined,
  throttle = UNLIMITED,
  requiredScopes?: readonly string[],
): ActionPlan {
  const names = { method: 'list', verb: 'GET', path: '/books' };
  const scopes = { requiredScopes, readScope: 'read', writeScope: 'write' };
  const action: GuardedAction = { controller: BooksController, ...names, ...scopes };
  return {
    action,
    requirement: permissions && new Requirement(action, permissions),
    throttle,
    eventAction: { controller: 'BooksController', ...names },
    label: 'BooksController.list',
  };
}

/** The Koa context of a request that came over no connection. */
export function contextOf(url = '/books', headers: Record<string, string> = {}, method = 'GET'): Context {
  const request = Object.assign(new IncomingMessage(new Socket()), { url, method, headers });
  return new Koa().createContext(request, new ServerResponse(request)) as Context;
}
